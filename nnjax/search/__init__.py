"""What the trials of a sweep are drawn from."""

from nnjax.search.overrides import override, parse_axis, pin
from nnjax.search.space import ADAPTIVE, Arm, Evolution, Halving, Range, Space, expand

__all__ = ["ADAPTIVE", "Arm", "Evolution", "Halving", "Range", "Space", "expand", "override", "parse_axis", "pin"]
