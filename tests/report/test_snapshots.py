import dataclasses

import numpy as np
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, DIVERGED, WAITING, digits, fake_run, table

from nnjax.core.fields import replace
from nnjax.report import snapshots
from nnjax.report.context import ReportContext
from nnjax.spaces.space import Space


@pytest.fixture(scope="module")
def demo():
    return ReportContext(fake_run(space=DEMO)).snapshots


def test_every_arm_of_a_few_is_shown(demo):
    assert [snapshot.label for snapshot in demo] == ["digits64", "digits64_sig", "digits64_bce", "digits16", "mlp"]
    assert [snapshot.codes is None for snapshot in demo] == [False] * 4 + [True]
    assert demo[3].codes.shape == (60, 2)
    assert demo[0].outputs.shape == demo[0].inputs.shape == (60, 64)
    assert demo[0].part == "test"


def test_inputs_are_scaled_and_pixels_are_not(demo):
    raw = digits().x[demo[0].rows]
    np.testing.assert_allclose(demo[0].inputs, raw / 16, rtol=1e-6)
    np.testing.assert_allclose(demo[0].pixels(demo[0].inputs), raw.reshape(-1, 8, 8) / 16, rtol=1e-5)


def test_detail_by_hand(demo):
    inputs = np.array([[0.0, 1.0, 0.5, 0.0]], np.float32)
    outputs = np.array([[-0.2, 1.5, 0.5, 0.4]], np.float32)
    found = snapshots.detail(dataclasses.replace(demo[0], inputs=inputs, outputs=outputs))
    assert found.outside == 0.5
    assert found.background == pytest.approx((0.04 + 0.16) / 2)
    assert found.clipped == pytest.approx(0.16 / 4)
    assert snapshots.detail(demo[1]).outside == 0  # a sigmoid stays inside


def test_predicted_classes_of_many_and_of_one_output(demo):
    many = dataclasses.replace(demo[4], outputs=np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]))
    assert [array.tolist() for array in many.predicted()] == [[1, 0], [0.7, 0.5]]
    one = dataclasses.replace(demo[4], outputs=np.array([[0.9], [0.2]]))
    found, sure = one.predicted()
    assert found.tolist() == [1, 0]
    np.testing.assert_allclose(sure, [0.9, 0.8])


def test_what_has_no_weights_is_left_out():
    run = fake_run(space=DEMO, statuses={0: DIVERGED, 1: WAITING})
    assert [setting.label for setting in ReportContext(run).shown] == ["digits64_bce", "digits16", "mlp"]


def test_of_many_settings_the_best_are_shown():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": np.linspace(0.1, 1, 9).tolist()}))
    for trial, record in enumerate(run.records):
        record.values["best_val_loss"] = -trial / 10
    shown = [setting.trials[0] for setting in ReportContext(run).shown]
    assert shown == [8, 7, 6, 5, 4, 3]


def test_of_mixed_goals_each_has_its_share():
    space = dataclasses.replace(DEMO, axes={"learning_rate": (0.1, 0.2, 0.3)})
    goals = [setting.goal for setting in ReportContext(fake_run(space=space)).shown]
    assert sorted(goals) == ["classification"] * 3 + ["reconstruction"] * 3


def test_data_that_are_gone_are_told_and_not_fatal():
    run = fake_run(AUTOENCODER)
    run._prepared.clear()
    run._facts = {c: dataclasses.replace(facts, sha256="other") for c, facts in run._facts.items()}
    report = ReportContext(run)
    found, missing = report.snapshots, report.missing
    assert found == []
    assert len(missing) == 1
    assert "have changed" in missing[0]


def test_tables_have_no_images():
    run = fake_run(replace(AUTOENCODER, {"data.scaling": "standard"}), dataset=table("none"))
    snapshot = ReportContext(run).snapshots[0]
    assert snapshot.image_shape is None
    assert snapshot.labels is None
