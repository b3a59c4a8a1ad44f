"""Figures in a page follow its colors: contrasts by WCAG's own formula, and what stays as it is."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from nnjax.report.charts.themed_svg import AS_IS, PAPER, contrast, themed, to_svg


def figure():
    """A line, a label in light orange on white paper, a black cell with a white number, and many points."""
    drawn = Figure(figsize=(3, 2))
    axes = drawn.subplots()
    axes.plot([0, 1], [0, 1], color="0.6")
    axes.text(0.5, 0.5, "a < b", color="#ff7f0e")
    axes.text(0.1, 0.9, "kept", color="#ffffff", gid=AS_IS)
    axes.scatter(np.arange(400), np.arange(400))
    return drawn


def test_contrast_is_that_of_wcag():
    """Black on white is 21; #767676 is the lightest gray with 4.5 on white (WCAG 2.1's own example)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") >= 4.5 > contrast("#777777", "#ffffff")


@pytest.mark.parametrize("color", ["#1f77b4", "#ff7f0e", "#bcbd22", "#440154", "#b3423a", "#fdbf6f"])
def test_text_can_be_read_on_both_papers_and_lines_in_the_dark(color):
    for text, least in ((True, 4.5), (False, 3.0)):
        light, dark = re.findall("#[0-9a-f]{6}", themed(color, text))
        assert contrast(dark, PAPER["dark"]) >= least
        assert contrast(light, PAPER["light"]) >= 4.5 if text else light == color


def test_black_white_and_gray_follow_the_page():
    assert themed("#000000") == "color-mix(in srgb, var(--ink) 100%, var(--paper))"
    assert themed("#ffffff") == "color-mix(in srgb, var(--ink) 0%, var(--paper))"
    assert themed("#999999") == "color-mix(in srgb, var(--ink) 40%, var(--paper))"


def test_a_figure_in_the_page_is_text_with_a_name_and_no_white_box():
    text = to_svg(figure(), 'Loss "of" <all>')
    assert re.search(r'<svg [^>]*role="img" aria-label="Loss &quot;of&quot; &lt;all&gt;"', text)
    assert ">a &lt; b</text>" in text
    assert text.count("<image") == 1
    rest = re.sub(r"light-dark\([^)]*\)", "", text)
    assert not re.search(r"(fill|stroke): #(?!ffffff)", rest)
    assert rest.count("fill: #ffffff") == 1  # the text that stays as it is
    used, there = set(re.findall(r'(?:url\(|href=")#([\w-]+)', text)), set(re.findall(r' id="([\w-]+)"', text))
    assert used <= there
