import dataclasses
import io
import re

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DEMO, REGRESSOR, fake_run, table
from PIL import Image

from nnjax.core.fields import replace
from nnjax.report.charts import captioned_images
from nnjax.report.charts.scatter_svg import scatter_svg
from nnjax.report.context import ReportContext
from nnjax.report.sections import latent, mistakes, predictions, reconstructions, weights


@pytest.fixture(scope="module")
def demo():
    run = fake_run(space=DEMO)
    return run, ReportContext(run).snapshots


def test_strips_are_the_original_then_code_and_copy_of_each(demo):
    found = reconstructions.reconstructions(demo[1])
    assert [item.what for item in found] == ["original", *["code", "copy"] * 4]
    assert [item.label for item in found if item.first] == ["", "digits64", "digits64_sig", "digits64_bce", "digits16"]
    assert all(item.uri.startswith("data:image/png;base64,") for item in found)


def test_latent_figures_and_their_legend(demo):
    found = latent.latents(demo[1])
    assert [item.label for item in found] == ["digits64", "digits64_sig", "digits64_bce", "digits16"]
    assert found[3].what == "the two numbers of the code itself"
    assert "of their variance" in found[0].what
    assert [name for name, _ in latent.legend(demo[1])] == list("0123456789")


def test_dead_code_units_are_counted(demo):
    snapshot = demo[1][0]
    codes = snapshot.codes.copy()
    codes[:, 1:3] = 0
    found = latent.latents([dataclasses.replace(snapshot, codes=codes)])
    assert "4 numbers; 2 of them always the same (number 2, 3); this plane" in found[0].what


def test_dead_dimensions_of_codes_are_named():
    """By hand: of a ReLU code 0 throughout, of a sigmoid code saturated at 1 but for rounding; a healthy one."""
    varied = np.linspace(0, 1, 5)
    relu = np.column_stack([varied, 0 * varied, varied / 10])
    sigmoid = np.column_stack([varied, 1 - 1e-6 * varied, varied / 10])
    assert latent.dead_dimensions(relu) == "1 of them always the same (number 2)"
    assert latent.dead_dimensions(sigmoid).startswith("1 of them always the same (number 2), to a thousandth of")
    assert latent.dead_dimensions(relu[:, [0, 2]]) == ""
    assert "20 of them always the same (number 1, 2, 3, 4, 5, 6, 7, 8, …)" in latent.dead_dimensions(np.zeros((5, 20)))


def test_confusions_and_mistakes_by_hand(demo):
    snapshot = demo[1][4]
    outputs = np.eye(10)[snapshot.labels] * 0.9
    first, second = np.flatnonzero(snapshot.labels == 4)[0], np.flatnonzero(snapshot.labels == 7)[0]
    outputs[first] = np.eye(10)[9] * 0.8
    outputs[second] = np.eye(10)[1] * 0.6
    snapshot = dataclasses.replace(snapshot, outputs=outputs)
    found = mistakes.describe_mistakes(snapshot)
    assert (found["wrong"], found["size"]) == (2, 60)
    assert found["pairs"] == [("4", "9", 1), ("7", "1", 1)]
    assert [(m["actual"], m["predicted"], m["sure"]) for m in found["mistakes"]] == [
        ("4", "9", "80.0 %"),
        ("7", "1", "60.0 %"),
    ]
    assert found["mistakes"][0]["index"] == snapshot.rows[first]
    matrix = np.array([[count for count, _ in row] for row in found["matrix"]])
    assert matrix.sum() == 60
    assert matrix[4, 9] == 1
    assert np.trace(matrix) == 58


def test_outputs_that_are_no_probabilities_are_not_called_so():
    run = fake_run(replace(CLASSIFIER, {"output_activation": "linear", "loss": "mean_squared_error"}))
    item = mistakes.build(ReportContext(run))[0]
    assert item["mistakes"][0]["sure"].startswith("output ")


def test_binary_classifier_on_a_table():
    run = fake_run(
        replace(CLASSIFIER, {"output_activation": "sigmoid", "loss": "binary_crossentropy"}),
        dataset=table("classification"),
    )
    report = ReportContext(run)
    found = report.snapshots
    assert found[0].outputs.shape[1] == 1
    item = mistakes.build(report)[0]
    assert item["classes"] == ("no", "yes")
    assert all(mistake["uri"] == "" for mistake in item["mistakes"])
    assert weights.weights(found) == reconstructions.reconstructions(found) == latent.latents(found) == []


def test_regression_says_how_much_it_explains():
    run = fake_run(REGRESSOR, dataset=table())
    snapshot = ReportContext(run).snapshots[0]
    perfect = dataclasses.replace(snapshot, outputs=snapshot.targets.copy())
    assert predictions.regressions([perfect])[0].words == "R² 1.000, 1.000 on 60 examples (test)"


def test_a_point_stands_where_its_values_say():
    """By hand: of values 0, 1 and 2 the middle one is in the middle; what is not finite is left out."""
    drawn = scatter_svg(np.array([0.0, 1, 2, 1]), np.array([2.0, 1, 0, np.nan]), "a<b", "told")
    [dots] = re.findall(r'class="points" d="([^"]*)"', drawn)
    places = [tuple(map(float, one.split())) for one in re.findall(r"M([\d. ]+)h0", dots)]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert (x1, y1) == pytest.approx(((x0 + x2) / 2, (y0 + y2) / 2), abs=0.1)
    assert x0 < x2
    assert y0 < y2  # downward: the first is predicted highest
    assert "true a&lt;b" in drawn


def test_files_hold_the_images_of_the_page(demo):
    """Each strip is drawn once: the figure shows the very pixels that the page shows."""
    strips = reconstructions.reconstructions(demo[1])
    drawn = np.asarray(Image.open(io.BytesIO(captioned_images.stacked(strips))).convert("RGBA"))
    images = [Image.open(io.BytesIO(strip.png)).convert("RGBA") for strip in strips]
    left, y = drawn.shape[1] - max(image.width for image in images) - captioned_images.GAP, captioned_images.GAP
    for image in images:
        opaque = np.asarray(image)[..., 3] == 255
        shown = drawn[y : y + image.height, left : left + image.width]
        np.testing.assert_array_equal(shown[opaque], np.asarray(image)[opaque])
        y += max(image.height, 0) + captioned_images.GAP


def test_names_over_images_are_not_cut_off():
    """Nothing dark touches the edges of the sheet, whatever the names are."""
    image = captioned_images.to_bytes(Image.new("RGB", (5, 4), "white"))
    names = [
        "a rather long arm, learning_rate 0.00251189, weight_decay 0.000316228",
        "[red]$a_b$",
        "x" * 200,
        "\ud800\x07",
    ]
    for name in names:
        sheet = np.asarray(
            Image.open(io.BytesIO(captioned_images.side_by_side([captioned_images.CaptionedImage(name, "", image)])))
        )
        assert (sheet.min(axis=2) < 128).any()
        edges = np.concatenate([sheet[:, 0], sheet[:, -1], sheet[0], sheet[-1]])
        assert edges.min() > 200


def test_a_confusion_matrix_is_drawn_cell_by_cell(demo):
    """The diagonal's cells have the darkest blue, the others the lightest; twenty-one classes have no numbers."""
    matrix = np.diag([3, 4])
    found = {"label": "net", "classes": ("no", "yes"), "counts": matrix}
    image = np.asarray(Image.open(io.BytesIO(mistakes.draw_confusion(found))))
    assert (image == [8, 48, 107]).all(axis=2).sum() > 2 * 28**2 - 500
    many = {"label": "net", "classes": tuple(map(str, range(21))), "counts": np.eye(21, dtype=int)}
    assert Image.open(io.BytesIO(mistakes.draw_confusion(many))).width >= 420
