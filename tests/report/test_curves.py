import base64
import json
import pathlib
import re

import numpy as np
from fake_runs import CLASSIFIER, DEMO, WAITING, fake_run

from nnjax.report.charts import curves
from nnjax.report.charts.curves import RUNNING_MEAN, TRAINING, VALIDATION
from nnjax.report.context import ReportContext
from nnjax.spaces.space import Space


def by_name(run):
    return {quantity.name: quantity for quantity in ReportContext(run).quantities}


def test_a_quantity_gathers_losses_and_metrics_under_its_real_name():
    run = fake_run(space=DEMO)
    found = by_name(run)
    assert list(found) == ["mean_squared_error", "binary_crossentropy", "categorical_crossentropy", "accuracy"]
    names = [line.setting.label for line in found["mean_squared_error"].lines if line.part == VALIDATION]
    assert names == ["digits64", "digits64_sig", "digits64_bce", "digits16"]
    trained = next(line for line in found["mean_squared_error"].lines if line.setting.label == "digits64")
    np.testing.assert_array_equal(trained.values[0], run.records[0].curves["val_loss"])
    other = next(line for line in found["mean_squared_error"].lines if line.setting.label == "digits64_bce")
    np.testing.assert_array_equal(other.values[0], run.records[2].curves["val_mean_squared_error"])


def test_only_a_loss_has_a_running_mean():
    lines = by_name(fake_run(space=DEMO))["mean_squared_error"].lines
    with_mean = {line.setting.label for line in lines if line.part == RUNNING_MEAN}
    assert with_mean == {"digits64", "digits64_sig"}
    assert {line.part for line in lines} == {VALIDATION, TRAINING, RUNNING_MEAN}


def test_a_setting_keeps_its_place_in_all_charts():
    places = {}
    for quantity in ReportContext(fake_run(space=DEMO)).quantities:
        for line in quantity.lines:
            assert places.setdefault(line.setting.label, line.place) == line.place
    assert sorted(places.values()) == [0, 1, 2, 3, 4]


def test_curves_of_a_loaded_run_that_are_all_nan_are_as_good_as_missing():
    run = fake_run(space=DEMO)
    before = {name: len(quantity.lines) for name, quantity in by_name(run).items()}
    names = {name for record in run.records for name in record.curves}
    for record in run.records:  # as curves.npz gives them back
        record.curves |= {name: np.full(record.epochs, np.nan) for name in names - set(record.curves)}
    assert {name: len(quantity.lines) for name, quantity in by_name(run).items()} == before


def test_chart_data_is_json_cut_rounded_and_without_nan():
    run = fake_run(CLASSIFIER, Space(axes={"seed": (0, 1)}))
    run.records[0].curves["val_loss"] = np.array([0.123456789, np.nan, np.inf, 2.0, np.nan, np.nan])
    charts = json.loads(json.dumps(ReportContext(run).charts, allow_nan=False))
    line = next(line for line in charts[0]["lines"] if line["part"] == VALIDATION)
    assert line["rows"][0] == [0.12346, None, None, 2.0]
    assert line["trials"] == [0, 1]
    assert charts[0]["label"] == "categorical cross-entropy"


def test_packed_rows_have_four_characters_a_value_and_five_digits():
    row = [0.123456789, None, -2.0, 1e-30, 1e30, 0.0]
    text = curves.pack(row)
    assert len(text) == 4 * len(row)
    triples = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 3)
    found = np.concatenate([triples, np.zeros((len(row), 1), np.uint8)], axis=1).view(">f4").ravel().astype(float)
    np.testing.assert_allclose(found, np.array(row, float), rtol=2e-5)
    assert curves.pack([]) == ""


def test_of_long_curves_every_few_epochs_are_packed(monkeypatch):
    run = fake_run(CLASSIFIER)
    monkeypatch.setattr(curves, "MAX_VALUES", 10)  # of the 5 curves of 6 epochs each
    packed = curves.packed(ReportContext(run).charts)
    assert packed["step"] == 3
    assert {len(row) // 4 for chart in packed["charts"] for line in chart["lines"] for row in line["rows"]} == {2}


def test_accuracy_becomes_the_percentage_of_wrong_answers():
    run = fake_run(CLASSIFIER)
    run.records[0].curves["val_accuracy"] = np.array([0.25, 1.0])
    chart = next(chart for chart in ReportContext(run).charts if chart["name"] == "accuracy")
    assert chart["label"] == "wrong answers (%)"
    assert next(line for line in chart["lines"] if line["part"] == VALIDATION)["rows"] == [[75.0, 0.0]]


def test_many_settings_are_ordered_best_first():
    rates = np.linspace(0.1, 1, curves.MANY + 3).tolist()
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": rates}))
    for trial, record in enumerate(run.records):
        record.values["best_val_loss"] = -trial / 100
    assert ReportContext(run).ordered(curves.MANY)[0].trials == (len(rates) - 1,)


def test_every_line_in_color_has_one_of_its_own():
    script = (pathlib.Path(curves.__file__).parents[1] / "templates" / "learning_curves.js").read_text("utf-8")
    [listed] = re.findall(r"COLORS = \[(.*?)\]", script)
    assert len(set(listed.split(", "))) >= curves.MANY


def test_nothing_recorded_yet():
    run = fake_run(space=DEMO, statuses=dict.fromkeys(range(5), WAITING))
    assert ReportContext(run).charts == []


def test_band_by_hand():
    values = np.array([[1.0, 2.0, np.nan, np.nan], [3.0, np.nan, np.inf, 5.0]])
    mean, low, high = curves.band(values)
    np.testing.assert_array_equal(mean, [2, 2, np.nan, 5])
    np.testing.assert_array_equal(low, [1, 2, np.nan, 5])
    np.testing.assert_array_equal(high, [3, 2, np.nan, 5])


def test_significant_digits_are_those_of_text():
    rng = np.random.default_rng(0)
    values = rng.choice([-1, 1], 5000) * 10 ** rng.uniform(-15, 20, 5000)
    values = np.concatenate([values.astype(np.float32).astype(float), [0.0, 1.0, 123456.0, 0.99999, 99999.4]])
    np.testing.assert_array_equal(curves.significant(values), [float(f"{value:.5g}") for value in values])
