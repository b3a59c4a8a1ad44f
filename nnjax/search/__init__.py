"""What the trials of a sweep are drawn from."""

from nnjax.search.space import Arm, Range, Space, expand, override, parse_axis

__all__ = ["Arm", "Range", "Space", "expand", "override", "parse_axis"]
