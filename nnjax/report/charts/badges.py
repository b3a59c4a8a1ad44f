"""How a verdict looks: its name, sign and colour. Colours are never alone: each verdict has a sign of its own.

The colours are those of Okabe and Ito (2008), which the colour-blind can tell apart, one a family, in lighter and
darker shades within it: green is done, blue goes on, purple is about validation, orange to red is broken, yellow is a
remark, grey has not begun.
"""

from __future__ import annotations

from typing import NamedTuple

from nnjax.diagnosis.types import CODES


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


BADGES: dict[str, Badge] = {
    "converged": Badge("✓", "#009e73", "the loss has fallen and is flat"),
    "stopped_too_late": Badge("»", "#7fd0b8", "flat for at least half of the epochs"),
    "still_learning": Badge("↘", "#56b4e9", "the loss is still falling at the end"),
    "too_slow": Badge("⋯", "#0072b2", "it crawls: the learning rate is too low"),
    "too_short_to_say": Badge("?", "#b0b0b0", "too few epochs to judge"),
    "overfitting": Badge("∪", "#cc79a7", "validation rises while training falls"),
    "no_signal": Badge("∅", "#7d3560", "it memorises; validation is at chance"),
    "val_below_train": Badge("<", "#ecd0e0", "validation lies below training"),
    "unstable": Badge("⇅", "#e69f00", "the loss jumps: the learning rate is too high"),
    "rising": Badge("↗", "#a35a00", "training goes uphill"),
    "diverged": Badge("∞", "#d55e00", "the loss is not finite any more"),
    "stuck_at_start": Badge("–", "#4d4d4d", "the loss never left its start"),
    "noisy": Badge("≈", "#f0e442", "it wobbles more than it moves"),
    "spike": Badge("∧", "#d1c62f", "it jumped once and came back"),
    "plateau_then_drop": Badge("¬", "#f8f3ae", "a flat stretch, and then a fall"),
}
assert set(BADGES) == set(CODES)


def luminance(color: str) -> float:
    """Give the relative luminance of #rrggbb in [0, 1] (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
