"""The linked views of a sweep, in a headless Chromium: brushes with the mouse, filters as typed."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, browser
from fake_runs import CLASSIFIER, DEMO, evolved, fake_run, searched

from nnjax.report.charts.svg_axes import needs_log
from nnjax.report.page import write_report
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Space

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed, by which pages are tested")
HOSTILE = '</script>"><b> a|b'


@pytest.fixture(scope="module")
def page():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def run():
    return searched(60, 20)


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    return write_report(run, tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def demo():
    return fake_run(space=DEMO)


@pytest.fixture(scope="module")
def demo_path(demo, tmp_path_factory):
    return write_report(demo, tmp_path_factory.mktemp("demo"))


def chosen(page):
    return page.run("trials.ids.filter((id, i) => trials.selected[i])")


def typed(page, text):
    page.run(f"document.getElementById('filter').value = {json.dumps(text)}; trials.select({json.dumps(text)})")
    page.settle()
    return chosen(page)


def box(page, selector, number=0):
    page.run(f"document.querySelectorAll('{selector}')[{number}].scrollIntoView({{block: 'center'}})")
    page.settle()
    rectangle = f"document.querySelectorAll('{selector}')[{number}].getBoundingClientRect()"
    return page.run(f"(({{x, y, width, height}}) => [x, y, width, height])({rectangle})")


def axis(page, number):
    box(page, "#parallel")  # views are drawn once they are seen
    return box(page, "#parallel .handle", number)


def rates(run):
    return {spec.id: spec.experiment.hyperparameters.learning_rate for spec in run.specs}


def test_brushes_select_everywhere(page, run, path):
    page.open(path)
    assert len(chosen(page)) == 60
    x, y, width, height = axis(page, 2)
    page.drag((x + width / 2, y + height / 2), (x + width / 2, y + height))
    low = chosen(page)
    by_rate = rates(run)
    assert 10 < len(low) < 50
    assert max(by_rate[i] for i in low) < min(by_rate[i] for i in set(by_rate) - set(low))
    assert page.run("document.getElementById('filter').value").startswith("learning_rate=")
    rows = page.run("[...document.querySelectorAll('table.linked tbody tr')].map((row) => +row.cells[0].textContent)")
    assert rows == low[:20]
    x, y, width, height = box(page, "#trial-curves")
    page.drag((x + 0.8 * width, y + 30), (x + 0.9 * width, y + height - 50))
    long = [i for i in low if run.records[i].epochs == 20]
    assert chosen(page) == long
    page.run("document.getElementById('clear').click()")
    assert len(chosen(page)) == 60
    assert page.errors == []


def test_pointing_and_holding(page, path):
    page.open(path)
    x, y, *_ = box(page, "table.linked tbody tr", 3)
    page.mouse("mouseReleased", x + 20, y + 5)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + 22, y=y + 6)
    page.settle()
    assert page.run("document.getElementById('held').textContent").startswith("Trial 3 (")
    page.drag((x + 20, y + 5), (x + 20, y + 5))
    assert page.run("trials.pinned") == 3
    x, y, _, height = box(page, "#heat-map")
    page.drag((x + 150, y + height / 2), (x + 150, y + height / 2))
    assert len(typed(page, page.run("document.getElementById('filter').value"))) < 60
    assert page.errors == []


def of(run, wanted):
    return [spec.id for spec in run.specs if wanted(spec.experiment, run.records[spec.id])]


FILTERS = {
    "learning_rate<0.01": lambda e, r: e.hyperparameters.learning_rate < 0.01,
    "learning_rate=0.001..0.1 status=done|dropped": lambda e, r: (
        0.001 <= e.hyperparameters.learning_rate <= 0.1 and r.status in ("done", "dropped")
    ),
    "STATUS!=diverged": lambda e, r: r.status != "diverged",
    "dropout=none": lambda e, r: e.hyperparameters.dropout is None,
    "dropout>=0.1": lambda e, r: (e.hyperparameters.dropout or 0) >= 0.1,
    "weight_decay=0|0.001": lambda e, r: e.hyperparameters.weight_decay in (0, 0.001),
    'widths="16-8" seed==1': lambda e, r: e.model.widths == (16, 8) and e.seed == 1,
    "val_loss=none": lambda e, r: r.status == "diverged",
    "val_loss<=0.5": lambda e, r: r.status != "diverged" and r.curves["val_loss"][-1] <= 0.5,
    "val_loss@3=0..1.5": lambda e, r: "val_loss" in r.curves and r.curves["val_loss"][2] <= 1.5,
    "adadeltaw dropped": lambda e, r: e.optimizer.name == "adadeltaw" and r.status == "dropped",
    '"no such words"': lambda e, r: False,
    "": lambda e, r: True,
}


def test_filters_as_typed(page, run, path):
    page.open(path)
    for text, wanted in FILTERS.items():
        assert typed(page, text) == of(run, wanted), text
    assert page.errors == []


@pytest.mark.parametrize("text", ["nonsense<3", "nonsense@2<3"])
def test_a_mistake_is_said_and_selects_nothing_away(page, path, text):
    page.open(path)
    assert len(typed(page, text)) == 60
    assert "There is no" in page.run("document.getElementById('selected').textContent")


def test_curves_arrive_as_they_were(page, run, path):
    page.open(path)
    found = page.run("trials.curves.get('val_loss').rows")
    for record, row in zip(run.records, found, strict=True):
        assert (row or []) == pytest.approx(record.curves.get("val_loss", []), rel=1e-4)


@pytest.mark.parametrize("width", [390, 1280])
def test_numbers_below_the_heat_map_are_whole(page, tmp_path, width):
    space = Space(axes={"learning_rate": Range(1e-4, 1e-1, 16, log=True), "weight_decay": (0.1, 0.2)})
    page.open(write_report(fake_run(CLASSIFIER, space), tmp_path), width=width)
    page.run("written = []; CanvasRenderingContext2D.prototype.fillText = (words) => written.push(words)")
    page.run("window.dispatchEvent(new Event('beforeprint'))")  # draws all anew
    page.settle()
    written = page.run("written")
    assert "1e-4" in written
    assert not [words for words in written if words.endswith("…")]


def test_on_paper_nothing_lies_over_the_charts_and_the_command_is_whole(page, path):
    """Chromium prints an empty canvas as an opaque white one, and what scrolls on a screen is cut off."""
    page.open(path, width=700)
    page.call("Emulation.setEmulatedMedia", media="print")
    shown = "[...document.querySelectorAll('.surface canvas')].map((one) => getComputedStyle(one).display != 'none')"
    layers = page.run(shown)
    assert layers == [True, False] * (len(layers) // 2)
    assert page.run("[...document.querySelectorAll('pre')].every((one) => one.scrollWidth <= one.clientWidth)")
    page.call("Emulation.setEmulatedMedia", media="")


def test_a_half_typed_filter_waits_and_hints(page, path):
    page.open(path)
    enter = "const box = document.getElementById('filter'); box.value = {}; box.dispatchEvent(new Event('{}'));"
    number = page.run("trials.count")
    for text, hint in (("learning_ra", "learning_rate: go on"), ("status=done learning_rate<", "waits for a value")):
        page.run(f"{{{enter.format(json.dumps(text), 'input')}}}")
        assert hint in page.run("document.getElementById('selected').textContent")
        assert page.run("trials.count") == number
    page.run(f"{{{enter.format(json.dumps('learning_rate<0.01'), 'input')}}}")
    assert 0 < page.run("trials.count") < number
    page.run(f"{{{enter.format(json.dumps('learning_ra'), 'change')}}}")
    assert page.run("trials.count") == 0


def test_the_first_screen_fits_a_phone_and_the_contents_open_what_is_folded(page, demo_path):
    page.open(demo_path, width=390)
    assert page.run("document.querySelectorAll('.result').length") == 2
    assert page.run("document.documentElement.scrollWidth") == 390
    assert page.run("document.querySelector('#run > details').open") is False
    page.run("location.hash = 'run'")
    assert page.run("document.querySelector('#run > details').open") is True


def test_hostile_names_can_be_brushed(page, tmp_path):
    arms = {HOSTILE: Arm(), "plain": Arm(), "a|b": Arm({"widths": (4,)})}
    axes = {"learning_rate": (0.1, 0.2), "seed": (0, 1)}
    page.open(write_report(fake_run(CLASSIFIER, Space(axes=axes, arms=arms)), tmp_path), width=390)
    x, y, width, height = axis(page, 0)
    page.drag((x + width / 2, y + height - 20), (x + width / 2, y + height))
    assert chosen(page) == [0, 1, 2, 3]
    assert page.run("document.querySelectorAll('script').length") == 4
    assert page.errors == []


def test_an_evolution_is_drawn_and_follows_the_pointer(page, tmp_path):
    """A panel for each hyperparameter; the line of the best trial, then that of the one under the pointer."""
    path = write_report(evolved(), tmp_path)
    page.open(path)
    x, y, width, _ = box(page, "#evolution .surface")
    assert page.run("document.querySelectorAll('#evolution .surface').length") == 2
    data = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
    drawn = page.run(f"[...document.querySelectorAll('#evolution canvas')].map((c) => {data}.some((v) => v))")
    assert drawn == [True, True, True, False]  # the best trial has no dropout
    before = page.run("document.querySelectorAll('#evolution canvas')[1].toDataURL()")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + width - 40, y=y + 24)
    page.settle()
    assert page.run("trials.focus()") >= 0
    assert page.run("document.querySelectorAll('#evolution canvas')[1].toDataURL()") != before
    assert page.errors == []


def test_verdicts_are_counted_and_select(page, run, path):
    page.open(path)
    codes = {spec.id: one.primary.code for spec, one in zip(run.specs, run.diagnoses, strict=True)}
    bars = page.run("[...document.querySelectorAll('#verdict-counts button')].map((bar) => bar.dataset.code)")
    assert set(bars) == set(codes.values())
    for code in bars:
        page.run(f"document.querySelector('#verdict-counts button[data-code={code}]').click()")
        page.settle()
        own = [trial for trial, other in codes.items() if other == code]
        assert chosen(page) == own
        assert page.run("document.getElementById('filter').value") == f"verdict={code}"
        amounts = page.run("[...document.querySelectorAll('#verdict-counts .amount')].map((one) => one.textContent)")
        assert amounts[bars.index(code)] == str(len(own))
        assert all(text.startswith("0 of ") for k, text in enumerate(amounts) if k != bars.index(code))
    page.run(f"document.querySelector('#verdict-counts button[data-code={bars[-1]}]').click()")
    assert len(chosen(page)) == 60
    assert page.errors == []


def test_the_verdict_of_the_trial_in_focus_is_told_and_drawn(page, run, path):
    page.open(path)
    box(page, "#trial-curves")
    drawn = "document.querySelectorAll('#trial-curves canvas')[1].toDataURL()"
    before = page.run(drawn)
    trial = next(spec.id for spec, one in zip(run.specs, run.diagnoses, strict=True) if one.primary.code == "diverged")
    page.run(f"trials.pin(trials.places.get({trial}))")
    page.settle()
    text = page.run("document.getElementById('verdict-text').textContent")
    assert run.diagnoses[trial].primary.sentence in text
    assert f"Trial {trial}: diverged" in text
    assert page.run("document.getElementById('held').textContent").startswith(f"Trial {trial} (diverged): ")
    assert page.run(drawn) != before
    assert page.errors == []


def test_the_map_of_verdicts_selects_a_cell(page, run, path):
    page.open(path)
    x, y, _, height = box(page, "#verdict-map")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + 150, y=y + height / 2)
    told = page.run("document.getElementById('verdict-map-note').textContent")
    assert re.fullmatch(
        r"learning_rate \S+, widths [-\d]+: (\d+ trials?, [a-z ]+|\d+ [a-z ]+(, \d+ [a-z ]+)+)\.", told
    ), told
    page.drag((x + 150, y + height / 2), (x + 150, y + height / 2))
    assert 0 < len(typed(page, page.run("document.getElementById('filter').value"))) < 60
    assert page.errors == []


def test_one_axis_is_mapped_by_seed(page, tmp_path):
    space = Space(axes={"learning_rate": (0.001, 0.01, 0.1), "seed": (0, 1)})
    page.open(write_report(fake_run(CLASSIFIER, space), tmp_path), width=390)
    box(page, "#verdict-map")
    assert page.run("[...document.getElementById('verdict-map-y').selectedOptions].map((one) => one.text)") == ["seed"]
    assert page.run("document.documentElement.scrollWidth <= 390")
    assert page.errors == []


def test_evidence_on_the_chart_of_a_few_networks(page, demo_path):
    """The chart of the chosen network comes up with its marks; "none" takes them away."""
    page.open(demo_path)
    box(page, "#chart")
    page.run("written = []; CanvasRenderingContext2D.prototype.fillText = (words) => written.push(words)")
    texts = "written.splice(0).join(' ')"
    tab = "document.querySelector('#chart-controls .tabs [aria-pressed=true]').textContent"
    select = "document.querySelector('#chart-controls select')"
    page.run(f"{select}.value = '4'; {select}.onchange()")
    page.settle()
    assert page.run(tab) == "categorical cross-entropy"
    assert "going on" in page.run(texts)
    page.run(f"{select}.value = '-1'; {select}.onchange()")
    page.settle()
    assert "epoch" in (words := page.run(texts))
    assert "going on" not in words
    assert page.errors == []


def test_the_chart_of_learning_curves_tells_values_zooms_and_hides(page, demo, demo_path):
    """A curve under the pointer says its value; a drag zooms, a double click shows all; a name hides its curves."""
    run = demo
    page.open(demo_path)
    left, top, *_ = box(page, "#chart")
    tip = "document.querySelector('#chart .tip').textContent"
    value = run.records[0].curves["val_loss"][2]
    page.run("state = {}; const real = drawing.plane; drawing.plane = (...all) => (state.plane = real(...all))")
    page.run("document.querySelector('#chart-controls .tabs button').click()")  # draws anew
    page.settle()
    place = page.run(f"[state.plane.x(3), state.plane.y({value})]")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=left + place[0], y=top + place[1])
    train = run.records[0].curves["train_loss_eval"][2]
    assert page.run(tip) == f"digits64, trial 0epoch 3validation {value:.4g}training {train:.4g}"
    page.drag((left + 200, top + 60), (left + 400, top + 160))
    zoomed = page.run(
        "state.plane.at({x: state.plane.box.right, y: 0}).x - state.plane.at({x: state.plane.box.left, y: 0}).x"
    )
    assert 0 < zoomed < 3
    page.run("document.getElementById('chart').dispatchEvent(new MouseEvent('dblclick'))")
    page.settle()
    assert page.run("state.plane.at({x: state.plane.box.right, y: 0}).x") > 6
    page.run("document.querySelector('#chart-legend button').click()")
    page.settle()
    assert page.run("document.querySelector('#chart-legend button').getAttribute('aria-pressed')") == "false"
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=left + place[0], y=top + place[1])
    assert not page.run(tip).startswith("digits64,")
    assert page.errors == []


def test_curves_are_read_pinned_and_smoothed_by_the_keyboard(page, tmp_path):
    """Trials of a band are told and pinned; the table holds their values; smoothing is pandas' ewm."""
    run = fake_run(CLASSIFIER, Space(axes={"seed": (0, 1, 2)}))
    page.open(write_report(run, tmp_path))
    box(page, "#chart")
    own = [record.curves["val_loss"] for record in run.records]
    page.run("document.getElementById('chart').focus()")
    page.key("ArrowRight", "ArrowRight", "ArrowDown")
    said = page.run("document.getElementById('chart-said').textContent")
    assert "trial 1, epoch 2" in said  # the second highest curve of three: fake losses grow with the trial's number
    assert f"validation of 3 trials: {own[1][1]:.4g} ({own[0][1]:.4g} to {own[2][1]:.4g})" in said
    page.key("Enter", "ArrowDown", "Enter")
    table = "[...document.querySelectorAll('#chart-pins tbody tr')]"
    cells = f"{table}.map((row) => [...row.cells].map((one) => one.textContent))"
    rows = page.run(cells)
    assert [row[0] for row in rows] == ["1", "0"]
    assert float(rows[0][2]) == pytest.approx(own[1][1], rel=1e-3)
    assert float(rows[0][4]) == pytest.approx(own[1][-1], rel=1e-3)
    page.run("document.querySelector('#chart-pins button').click()")
    assert [row[0] for row in page.run(cells)] == ["0"]
    page.run("{ const one = document.querySelector('.smoothing input'); one.value = 0.7; one.oninput(); }")
    assert "weight 0.7" in page.run("document.getElementById('chart-note').textContent")
    smoothed = pd.Series(own[0]).ewm(alpha=0.3, adjust=True).mean().to_numpy()
    page.run("document.getElementById('chart').focus()")
    page.key("End", "End", *["ArrowDown"] * 2)
    assert f"(smoothed {smoothed[-1]:.4g})" in page.run("document.getElementById('chart-said').textContent")
    assert page.run("curveSeries.smooth([1, null, 3], 0.5)") == [1, None, pytest.approx(7 / 3)]
    assert page.errors == []


def test_the_curves_of_a_sweep_are_read_pinned_and_smoothed(page, run, path):
    """What is pinned is held everywhere; smoothing is pandas' ewm; the axis is as in the chart of learning curves."""
    page.open(path)
    box(page, "#trial-curves")
    curves = [record.curves["val_loss"] for record in run.records if "val_loss" in record.curves]
    assert page.run("document.getElementById('trial-curves-log').checked") is needs_log(curves)
    page.run("document.getElementById('trial-curves').focus()")
    page.key("ArrowRight", "End", "Enter")
    trial = page.run("trials.ids[trials.pinned]")
    assert page.run("trials.ids[trials.hovered]") == trial
    cells = page.run("[...document.querySelectorAll('#trial-curves-pins tbody td')].map((one) => one.textContent)")
    own = run.records[trial].curves["val_loss"]
    assert cells[0] == str(trial)
    assert float(cells[3]) == pytest.approx(own[-1], rel=1e-3)
    page.run("{ const one = document.getElementById('trial-curves-smoothing'); one.value = 0.7; one.oninput(); }")
    assert page.run("trials.pinned >= 0 && trials.hovered < 0")
    page.run("document.getElementById('trial-curves').focus()")
    page.key("ArrowRight", "End")
    smoothed = pd.Series(run.records[page.run("trials.ids[trials.hovered]")].curves["val_loss"]).ewm(alpha=0.3).mean()
    said = page.run("document.getElementById('trial-curves-said').textContent")
    assert f"(smoothed {smoothed.to_numpy()[-1]:.4g})" in said
    page.run("document.querySelector('#trial-curves-pins button').click()")
    assert page.run("trials.pinned") == -1
    assert page.errors == []


SQUASHED = [
    ([[100, 2, 1]], True),  # 100 is more than 30 times 1
    ([[2.3, 0.36, 0.35, 0.3]], True),  # all but the first epoch on a thirtieth of the axis
    ([[2.3, 1.8, 1.2, 0.6]], False),
    ([[0.5, 0.4, 0.39]], False),  # not three times
    ([[2.3, 0.3, 0.3], [2.4, 2.3, 2.2]], False),  # another curve needs the axis
    ([[9.0, 0.4, 0.0]], False),  # a zero has no logarithm
]


def test_what_needs_a_logarithm(page, path):
    """By the page's script and in drawings alike."""
    page.open(path)
    for rows, expected in SQUASHED:
        assert page.run(f"curveSeries.needsLog({json.dumps(rows)})") is expected, rows
        assert needs_log([np.array(row, float) for row in rows]) is expected, rows
