"""Curves as SVG: well-formed, every setting drawn and named, values where the axes say."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DEMO, fake_run, hostile
from matplotlib import colormaps

from nnjax.report.charts import curves_svg, palettes, svg_axes
from nnjax.report.context import ReportContext
from nnjax.spaces.space import Space

SVG = "{http://www.w3.org/2000/svg}"


def drawn(run):
    return ET.fromstring(curves_svg.curves_svg(ReportContext(run).quantities))


def points(path):
    return np.array([pair.split() for pair in path.get("d").replace("M", "L").split("L")[1:]], float)


def texts(tree):
    return [text.text for text in tree.iter(f"{SVG}text")]


def test_a_curve_lies_where_its_axes_say():
    run = fake_run(CLASSIFIER)
    axes = curves_svg._axes(ReportContext(run).quantities[0].lines[:1], False)
    solid, dashed = [p for p in drawn(run).iter(f"{SVG}path") if p.get("stroke-width") == "1.6" and "L" in p.get("d")][
        :2
    ]
    curve = run.records[0].curves["val_loss"]
    found = points(solid)
    assert len(found) == len(curve)
    share = (found[:, 1] - found[-1, 1]) / (found[0, 1] - found[-1, 1])
    np.testing.assert_allclose(share, (curve - curve[-1]) / (curve[0] - curve[-1]), atol=0.01)
    assert (np.diff(found[:, 0]) > 0).all()
    assert dashed.get("stroke-dasharray") == "6 3"
    assert axes.y(axes.high) == svg_axes.TOP
    assert axes.y(axes.low) == pytest.approx(curves_svg.HEIGHT - svg_axes.BOTTOM)


def test_many_settings_have_ten_colors_and_gray_behind_them():
    tree = drawn(fake_run(CLASSIFIER, Space(axes={"learning_rate": np.linspace(0.1, 1, 20).tolist(), "seed": (0, 1)})))
    first = next(tree.iter(f"{SVG}g"))
    colors = {path.get("stroke") for path in first.iter(f"{SVG}path")}
    assert set(palettes.TAB10) <= colors
    assert len(list(first.iter(f"{SVG}polygon"))) == 20  # of validation and training
    [gray] = [path for path in first.iter(f"{SVG}path") if path.get("stroke") == "#bfbfbf"]
    assert gray.get("d").count("M") == 20
    assert sum("learning_rate" in text or "0." in text for text in texts(first)) >= 10


def test_losses_have_axes_each_and_hostile_names_are_text():
    assert len(list(drawn(fake_run(space=DEMO)).iter(f"{SVG}g"))) >= 3
    assert any("[red]$a_b$" in text for text in texts(drawn(hostile())))
    assert curves_svg.curves_svg([]).startswith(b"<svg")


@pytest.mark.parametrize(
    ("low", "high", "log", "ticks"),
    [
        (0.0, 1.0, False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1, 6, False, [1, 2, 3, 4, 5, 6]),
        (-30.0, 70.0, False, [-20, 0, 20, 40, 60]),
        (0.015, 0.3, True, [0.02, 0.05, 0.1, 0.2]),
        (1e-5, 2.0, True, [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]),
    ],
)
def test_ticks_are_round_numbers(low, high, log, ticks):
    np.testing.assert_allclose(svg_axes.ticks(low, high, log), ticks)


def test_a_gap_and_a_flat_curve():
    axes = svg_axes.Axes(5, 0.0, 2.0, False)
    path = svg_axes.path(axes, np.array([1.0, np.nan, 1.0, 1.0, np.inf]))
    assert path.count("M") == 2
    assert path.count("L") == 1
    assert len(svg_axes.path(axes, np.ones(10_000)).split("L")) <= svg_axes.MOST_POINTS


@pytest.mark.parametrize("name", palettes.SHADES)
def test_palettes_are_matplotlibs(name):
    values = np.linspace(0, 1, 255)
    expected = 255 * colormaps[name](values)[:, :3]
    np.testing.assert_allclose(palettes.shades(name, values), expected, atol=3.1)


def test_classes_have_matplotlibs_colors():
    for label in range(30):
        expected = colormaps["tab10"](label) if label < 10 else colormaps["tab20"](label % 20)
        found = bytes.fromhex(palettes.class_color(label)[1:])
        np.testing.assert_allclose(np.array(list(found)) / 255, expected[:3], atol=1e-9)
