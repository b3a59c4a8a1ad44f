"""Networks that are played with in the page: computed there as in Python, and moved with mouse and keyboard."""

import dataclasses
import json

import numpy as np
import pytest
from browser import CHROMIUM, browser
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, REGRESSOR, fake_run, fake_weights, table

from nnjax.core.columns import Column
from nnjax.core.fields import replace
from nnjax.data import from_arrays
from nnjax.models.model import Variables
from nnjax.nn.activations import ACTIVATIONS
from nnjax.report import interactive_networks, snapshots
from nnjax.report.context import ReportContext
from nnjax.report.page import write_report
from nnjax.report.sections import play
from nnjax.runs import epoch_weights
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage import named_arrays

seen = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed, by which pages are tested")
HIDDEN = [name for name, record in ACTIVATIONS.items() if not record.distribution]


@pytest.fixture(scope="module")
def page():
    with browser() as found:
        yield found


def described(run):
    return play.build(ReportContext(run))["networks"]


def computed(page, number, x):
    """What the page's network gives for raw inputs [n, d]."""
    rows = json.dumps(np.asarray(x, float).tolist())
    return np.array(page.run(f"{rows}.map((x) => networks.output(play[{number}], x))"))


@seen
@pytest.mark.parametrize(("base", "names"), [(CLASSIFIER, HIDDEN), (AUTOENCODER, ["tanh", "softplus"])])
def test_every_activation_is_that_of_python(page, tmp_path, base, names):
    """Outputs within 1e-5 for raw images, by networks of two hidden layers and every activation."""
    run = fake_run(base, Space(arms={name: Arm({"model.activation": name}) for name in names}))
    x = run.data(0).dataset.x[:5]
    networks = [interactive_networks.describe(one) for one in all_snapshots(run)]
    assert [one["label"] for one in networks] == list(names)
    text = page_of(networks)
    (tmp_path / "page.html").write_text(text, "utf-8")
    page.open(tmp_path / "page.html")
    for number, one in enumerate(networks):
        expected = run.outputs(x, one["trial"])
        np.testing.assert_allclose(computed(page, number, x), expected, rtol=1e-5, atol=1e-5, err_msg=one["label"])
    assert not page.errors


def all_snapshots(run):
    """Snapshots of all settings, in their order."""
    report = ReportContext(run)
    return snapshots.take_snapshots(run, {setting: setting.trials[0] for setting in report.settings})[0]


def page_of(networks):
    """A page of these networks and no others."""
    return play.page_of({"networks": networks, "title": "all", "goals": ["try"]}).decode("utf-8")


@seen
def test_targets_are_in_their_own_units(page, tmp_path):
    """Of a table with standardized inputs and targets: Python's outputs, and the range of nine of ten errors."""
    run = fake_run(
        replace(REGRESSOR, {"data.scaling": "standard", "data.target_scaling": "standard"}), Space(), table()
    )
    page.open(write_report(run, tmp_path / "report.html"))
    x = table().x[:7]
    np.testing.assert_allclose(computed(page, 0, x), run.outputs(x), rtol=1e-5, atol=1e-5)
    [found] = described(run)
    rows = run.data(0).test
    errors = np.sort(np.abs(run.outputs(table().x[rows]) - table().y[rows]), axis=0)
    np.testing.assert_allclose(found["interval"]["widths"], errors[int(np.ceil(0.9 * (len(rows) - 1)))], rtol=1e-5)
    page.run("(s => { s.value = 1.5; s.oninput() })(document.querySelectorAll('#play-stage input')[1])")
    start = [field["start"] for field in found["fields"]]
    [expected] = run.outputs(np.array([[start[0], 1.5, start[2]]], np.float32))
    said = page.run("[...document.querySelectorAll('#play-stage .said')].map((p) => p.textContent)")
    assert [float(text.split(": ")[1].split(" ")[0]) for text in said] == pytest.approx(list(expected), rel=1e-3)


@seen
def test_a_code_is_moved_and_walked_along(page, tmp_path):
    """Sliders stand at the example's code; at the end of a walk they stand at the other's, and its copy is seen."""
    run = fake_run(AUTOENCODER)
    path = write_report(run, tmp_path / "report.html")
    page.open(path)
    [found] = described(run)
    snapshot = ReportContext(run).snapshots[0]
    rows = list(interactive_networks.one_of_each(snapshot.labels, len(snapshot.rows), interactive_networks.EXAMPLES))
    values = (
        "[...document.querySelectorAll('#play-stage .slides')[0].querySelectorAll('input')].map((s) => Number(s.value))"
    )
    np.testing.assert_allclose(page.run(values), snapshot.codes[rows[0]], rtol=1e-4, atol=1e-5)
    page.run(
        "(s => { s.value = 1; s.oninput() })"
        "(document.querySelectorAll('#play-stage .slides')[1].querySelector('input'))"
    )
    np.testing.assert_allclose(page.run(values), snapshot.codes[rows[1]], rtol=1e-4, atol=1e-5)
    drawn = page.run(
        "(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0))"
        "(document.querySelector('#play-stage .copy canvas'))"
    )
    right = np.clip(snapshot.pixels(snapshot.outputs[rows[1] : rows[1] + 1])[0].ravel(), 0, 1) * 255
    np.testing.assert_allclose(drawn, right, atol=1)
    low, high = np.array(found["code"]["low"]), np.array(found["code"]["high"])
    np.testing.assert_allclose([low, high], [snapshot.codes.min(axis=0), snapshot.codes.max(axis=0)])
    assert not page.errors


def test_wide_codes_move_along_their_principal_axes():
    """Against NumPy's singular vectors, up to their signs."""
    run = fake_run(replace(AUTOENCODER, {"widths": (40, 24, 40)}))
    [found] = described(run)
    codes = np.asarray(ReportContext(run).snapshots[0].codes, np.float64)
    _, _, axes = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
    for own, right in zip(found["code"]["axes"], axes, strict=False):
        assert abs(np.dot(own, right)) == pytest.approx(1, abs=1e-4)
    assert len(found["code"]["axes"]) == interactive_networks.AXES
    assert found["code"]["layer"] == 2


@seen
def test_a_digit_is_drawn(page, tmp_path):
    """With the mouse and by keys; what is computed is what is drawn, shifted to the middle."""
    run = fake_run(CLASSIFIER)
    page.open(write_report(run, tmp_path / "report.html"))
    shown = "document.querySelector('#play-stage .said').textContent"
    page.run("document.querySelector('#play').scrollIntoView()")
    page.run(
        "[...document.querySelectorAll('#play-stage button')].find((b) => b.textContent.startsWith('Clear')).click()"
    )
    empty = page.run(shown)
    x, y, side = page.run("(({x, y, width}) => [x, y, width])(document.querySelector('.pad').getBoundingClientRect())")
    page.drag((x + 0.2 * side, y + 0.2 * side), (x + 0.2 * side, y + 0.8 * side))
    assert page.run(shown) != empty
    pixels = page.run(
        "(c => [...c.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 === 0))"
        "(document.querySelector('.pad'))"
    )
    drawn = np.array(pixels).reshape(8, 8) / 255
    assert drawn[:, 1].sum() > 3
    assert not drawn[:, 5:].any()
    page.run(
        "[...document.querySelectorAll('#play-stage button')].find((b) => b.textContent.startsWith('Clear')).click()"
    )
    page.run("document.querySelector('.pad').dispatchEvent(new KeyboardEvent('keydown', {key: ' '}))")
    assert page.run(shown) != empty
    assert not page.errors


def keep_epochs(run, epochs):
    """Make up weights of some epochs of the first trial, and its own as the last."""
    found = {
        epoch: Variables(named_arrays.unflatten(run.params(0), fake_weights(run, 0, epoch), "final/"), {})
        for epoch in epochs
    }
    run.store.save_epoch_weights(0, epoch_weights.to_arrays({**found, 6: run.variables(0)}))


@seen
def test_a_plane_and_a_large_network_on_a_phone(page, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)).astype(np.float32)
    rings = from_arrays(
        x, (np.square(x).sum(axis=1) > 1).astype(np.int32), "rings", "classification", classes=("in", "out")
    )
    run = fake_run(CLASSIFIER, Space(), rings)
    keep_epochs(run, (1, 3))
    page.open(write_report(run, tmp_path / "plane.html"), width=390)
    assert page.run("document.querySelectorAll('#play-stage .unit').length") == 8
    np.testing.assert_allclose(computed(page, 0, x[:5]), run.outputs(x[:5]), rtol=1e-5, atol=1e-5)
    drawn = "document.querySelector('#play-stage .{}').toDataURL()"
    before = [page.run(drawn.format(name)) for name in ("plane", "unit")]
    page.run("{ const one = document.querySelector('.scrubber input'); one.value = 1; one.oninput(); }")
    page.settle()
    after = [page.run(drawn.format(name)) for name in ("plane", "unit")]
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert page.run("document.querySelector('.scrubber output').textContent") == "3"
    run.store.weights[0] = fake_weights(run, 0, 3)
    np.testing.assert_allclose(computed(page, 0, x[:5]), run.outputs(x[:5]), rtol=1e-5, atol=1e-5)
    assert page.run("document.querySelectorAll('#play-stage .unit').length") == 8
    assert page.run("document.documentElement.scrollWidth") == 390
    wide = fake_run(replace(CLASSIFIER, {"widths": (500, 200)}))
    path = write_report(wide, tmp_path / "wide.html")
    assert path.stat().st_size < 300_000
    assert 'href="figures/play.html"' in path.read_text("utf-8")
    page.open(tmp_path / "figures" / "play.html", width=390)
    digits = wide.data(0).dataset.x[:3]
    np.testing.assert_allclose(computed(page, 0, digits), wide.outputs(digits), rtol=1e-5, atol=1e-5)
    assert page.run("document.documentElement.scrollWidth") == 390
    assert not page.errors


def test_fields_of_all_kinds():
    """Numbers with their range and middle, categories as one choice, an order as places."""
    x = np.array([[1.0, 1, 0, 2, 0], [3, 0, 1, 0, 0], [4, 0, 1, 2, 1]])
    columns = Column("age"), Column("color", "category", categories=("red", "blue")), Column("size", "ordered")
    names = dataclasses.replace(columns[2], categories=("S", "M", "L")), Column("paid", "boolean")
    facts = dataclasses.replace(
        fake_run(REGRESSOR, Space(), table()).facts(0),
        recipe=interactive_networks.TableRecipe((*columns[:2], *names)),
        num_inputs=5,
    )
    age, color, size, paid = interactive_networks.fields(facts, x)
    assert (age["low"], age["high"], age["start"], age["whole"]) == (1, 4, 3, True)
    assert (color["first"], color["categories"], color["start"]) == (1, ["red", "blue"], 1)
    assert (size["first"], size["levels"], size["start"]) == (3, ["S", "M", "L"], 2)
    assert (paid["first"], paid["levels"], paid["start"]) == (4, ["0", "1"], 0)


def test_each_architecture_once_and_every_goal(monkeypatch):
    """Of five networks three have architectures of their own; where there is room for less, every goal comes first."""
    run = fake_run(AUTOENCODER, DEMO)
    assert {tuple(one["sizes"]) for one in described(run)} == {
        (64, 16, 4, 16, 64),
        (64, 16, 8, 2, 8, 16, 64),
        (64, 8, 10),
    }
    monkeypatch.setattr(interactive_networks, "MOST_BYTES", 13_500)
    assert {one["goal"] for one in described(run)} == {"reconstruction", "classification"}


def test_what_cannot_be_played_is_left_out():
    run = fake_run(replace(CLASSIFIER, {"model.dtype": "bfloat16"}))
    assert play.build(ReportContext(run)) is None
