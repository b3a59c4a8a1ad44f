import json

import numpy as np
from fake_runs import CLASSIFIER, DEMO, WAITING, fake_run, many, searched

from nnjax.report.context import ReportContext
from nnjax.report.sections import diagnoses
from nnjax.report.sweep.data import sweep_data
from nnjax.spaces.space import Space


def overfits(run, trial):
    t = np.arange(1, 31)
    record = run.records[trial]
    record.epochs = 30
    record.curves = {"train_loss": np.exp(-t / 10), "val_loss": 0.5 + 0.002 * (t - 12.0) ** 2}


def test_a_network_is_described_by_the_verdict_of_most_of_its_seeds():
    run = fake_run(CLASSIFIER, Space(axes={"seed": range(3)}))
    overfits(run, 1)
    overfits(run, 2)
    section = diagnoses.build(ReportContext(run))
    assert [(code, n) for code, n, _ in section["counts"]] == [("overfitting", 2), ("still_learning", 1)]
    [network] = section["networks"]
    assert (network["trial"], network["code"], network["many"]) == (1, "overfitting", True)
    assert "epoch 12" in network["sentence"]
    assert "epoch 12" in network["next"]
    assert any("lowest 0.5" in text for _, text in network["numbers"])


def test_nothing_is_said_before_a_trial_has_ended():
    assert diagnoses.build(ReportContext(fake_run(CLASSIFIER, statuses={0: WAITING}))) is None


def test_many_networks_are_left_to_the_table():
    report = ReportContext(many(100, 10))
    report.sweep = None  # as if they were arms, each with a name
    section = diagnoses.build(report)
    assert (len(section["networks"]), section["left_out"]) == (diagnoses.MAX_NETWORKS, 50 - diagnoses.MAX_NETWORKS)
    assert diagnoses.drawn(ReportContext(many(100, 10))) == []


def test_evidence_belongs_to_the_loss_of_its_network():
    evidence = diagnoses.drawn(ReportContext(fake_run(space=DEMO)))
    assert [one["quantity"] for one in evidence] == [
        *("mean_squared_error", "mean_squared_error", "binary_crossentropy", "binary_crossentropy"),
        "categorical_crossentropy",
    ]
    assert all(one["marks"] for one in evidence)


def test_a_sweep_describes_every_trial():
    run = searched(40, 20)
    data = sweep_data(ReportContext(run).sweep)
    field = next(field for field in data["fields"] if field["name"] == "verdict")
    assert [field["levels"][i] for i in field["values"]] == [one.primary.code for one in run.diagnoses]
    assert [one["sentence"] for one in data["verdicts"]] == [one.primary.sentence for one in run.diagnoses]
    assert set(field["levels"]) <= set(data["badges"])
    json.dumps(data["verdicts"], allow_nan=False)
