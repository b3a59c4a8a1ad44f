import io

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DEMO, REGRESSOR, WAITING, digits, fake_run, hostile, table
from PIL import Image

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.report import page
from nnjax.report.charts import figures
from nnjax.report.charts.curve_figure import plot_curves
from nnjax.report.context import ReportContext
from nnjax.report.section import find_sections
from nnjax.report.sections import latent, predictions
from nnjax.spaces.space import Arm, Space


def size(figure):
    return Image.open(io.BytesIO(figures.to_bytes(figure, dpi=40))).size


def test_losses_have_axes_each_and_lines_hold_the_curves():
    run = fake_run(space=DEMO)
    axes = plot_curves(run).axes
    assert [one.get_ylabel() for one in axes] == [
        "mean squared error",
        "binary cross-entropy",
        "categorical cross-entropy",
    ]
    assert [text.get_text() for text in axes[2].get_legend().get_texts()] == ["mlp", "validation", "training"]
    solid = next(line for line in axes[2].lines if line.get_linestyle() == "-")
    np.testing.assert_array_equal(solid.get_xdata(), range(1, 7))
    np.testing.assert_array_equal(solid.get_ydata(), run.records[4].curves["val_loss"])


def test_seeds_are_a_mean_with_a_band():
    axes = plot_curves(fake_run(CLASSIFIER, Space(axes={"seed": (0, 1, 2)}))).axes[0]
    assert len(axes.lines) == 2  # validation and training
    assert len(axes.collections) == 2


def test_a_metric_by_name_and_one_that_is_not_there():
    run = fake_run(CLASSIFIER)
    assert [one.get_ylabel() for one in plot_curves(run, "accuracy").axes] == ["accuracy"]
    with pytest.raises(
        UserError, match="No trial recorded curves of 'huber'; there are loss, categorical_crossentropy"
    ):
        plot_curves(run, "huber")


def test_many_settings_stand_behind_the_best_as_one_line():
    axes = plot_curves(fake_run(CLASSIFIER, Space(axes={"learning_rate": np.linspace(0.1, 1, 20).tolist()})))
    lines = axes.axes[0].lines
    assert len(lines) == 1 + 2 * 10
    assert np.isnan(lines[0].get_ydata()).sum() == 20  # a gap after each of 10 settings' two curves


def test_curves_that_fall_by_orders_of_magnitude_get_a_logarithmic_axis():
    run = fake_run(CLASSIFIER)
    assert plot_curves(run).axes[0].get_yscale() == "linear"
    run.records[0].curves["val_loss"] = np.geomspace(1, 1e-3, 6)
    assert plot_curves(run).axes[0].get_yscale() == "log"


def test_nothing_trained_yet_is_an_empty_figure():
    assert size(plot_curves(fake_run(statuses={0: WAITING})))


def test_all_drawings_of_hostile_names():
    report, sections = ReportContext(hostile()), find_sections()
    contents = page.build(report, sections)
    drawn = {name: one for key, content in contents.items() for name, one in sections[key].figures(content).items()}
    assert set(drawn) == {"curves.svg", "latent.png", "weights.png", "reconstructions.png", "confusion.png"}
    assert all(one.startswith((b"<svg", b"\x89PNG")) for one in drawn.values())
    assert b"[red]$a_b$" in drawn["curves.svg"]


def test_a_run_can_plot_itself(tmp_path):
    figure = fake_run(CLASSIFIER).plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert figure.axes


def test_regression_has_axes_for_each_target():
    figure = predictions.scatter(ReportContext(fake_run(REGRESSOR, dataset=table())).snapshots[0])
    assert [axes.get_xlabel() for axes in figure.axes] == ["true y1", "true y2"]
    assert size(figure)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_codes_in_two_dimensions(width):
    run = fake_run(replace(fake_run().specs[0].experiment, {"widths": (width,)}))
    snapshot = ReportContext(run).snapshots[0]
    points, share = latent.flat_codes(snapshot)
    assert points.shape == (60, 2)
    if width == 1:
        np.testing.assert_array_equal(points[:, 1], digits().y[snapshot.rows])
        assert share is None
    elif width == 2:
        np.testing.assert_array_equal(points, snapshot.codes)
        assert share is None
    else:
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="full").fit(snapshot.codes)
        np.testing.assert_allclose(np.abs(points), np.abs(pca.transform(snapshot.codes)), rtol=1e-3, atol=1e-4)
        assert share == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-4)


def test_names_that_begin_with_an_underscore_are_in_the_legend():
    run = fake_run(space=Space(arms={"__main__:M(...)": Arm(), "_b": Arm({"epochs": 3})}))
    texts = [text.get_text() for text in plot_curves(run).axes[0].get_legend().get_texts()]
    assert texts == [" __main__:M(...)", " _b", "validation", "training"]
