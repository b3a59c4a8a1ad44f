import pytest

from nnjax.diagnosis.verdict_rule import luminance
from nnjax.diagnosis.verdicts import BADGES, CODES


def test_every_verdict_has_a_badge_with_a_sign_of_its_own():
    assert set(BADGES) == set(CODES)
    assert len({badge.sign for badge in BADGES.values()}) == len(CODES)
    assert all(len(badge.sign) == 1 for badge in BADGES.values())
    assert len({badge.color for badge in BADGES.values()}) == len(CODES)


def test_luminance_of_wcag():
    """The values of WCAG 2.2's definition for the primaries."""
    found = [luminance(color) for color in ("#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff")]
    assert found == pytest.approx([0, 1, 0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("code", CODES)
def test_signs_stand_out_from_their_colors(code):
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 at least."""
    low, high = sorted(luminance(color) for color in (BADGES[code].color, BADGES[code].ink))
    assert (high + 0.05) / (low + 0.05) >= 4.5
