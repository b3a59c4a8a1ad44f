"""The badge of a verdict: its sign and colour. Colours are never alone: each verdict has a sign of its own.

The colours are those of Okabe and Ito (2008), which the colour-blind can tell apart, one a family, in lighter and
darker shades within it: green is done, blue goes on, purple is about validation, orange to red is broken, yellow is a
remark, grey has not begun.
"""

from __future__ import annotations

from typing import NamedTuple


class Badge(NamedTuple):
    """How a verdict is shown.

    Attributes:
      sign: one character.
      color: behind the sign, #rrggbb.
      meaning: what it says, in a few words.
    """

    sign: str
    color: str
    meaning: str

    @property
    def ink(self) -> str:
        """Black or white, whichever stands out more from the colour (WCAG 2.2 relative luminance)."""
        return "#000000" if luminance(self.color) > 0.179 else "#ffffff"


def luminance(color: str) -> float:
    """Give the relative luminance of #rrggbb in [0, 1] (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
