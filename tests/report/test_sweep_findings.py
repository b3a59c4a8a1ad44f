import numpy as np
import pytest
from fake_runs import CLASSIFIER, DIVERGED, fake_run, searched

from nnjax.report.context import ReportContext
from nnjax.report.sweep import findings
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import DROPPED

AXES = {"learning_rate": (0.001, 0.01, 0.1, 1.0), "widths": ((4,), (8,)), "seed": (0, 1)}


def sweep(statuses=None, axes=AXES):
    run = fake_run(CLASSIFIER, Space(axes=axes), statuses=statuses)
    for spec, record in zip(run.specs, run.records, strict=True):
        if record.values and "best_val_loss" in record.values:
            distance = abs(np.log10(spec.experiment.hyperparameters.learning_rate) + 2)
            record.values["best_val_loss"] = (
                1 + distance + 0.1 * spec.experiment.seed + (spec.experiment.model.widths == (4,))
            )
    return ReportContext(run).sweep


def test_importance_and_the_axes_of_the_heat_map():
    found = findings.sweep_findings(sweep())
    assert found["importance"][0][0] in ("learning_rate", "widths")
    assert found["pair"] == [1, 0]  # learning_rate has more values than widths


def test_what_only_tells_arms_apart_counts_for_the_arm():
    arms = {"sgd": Arm({"optimizer.name": "sgd"}), "adam": Arm({"optimizer.name": "adam", "b1": 0.8})}
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.001, 0.01, 0.1, 1.0)}, arms=arms))
    for spec in run.specs:
        run.records[spec.id].values["best_val_loss"] = 1.0 + (spec.arm == "adam") + 0.01 * spec.id
    [(first, share), *others] = findings.sweep_findings(ReportContext(run).sweep)["importance"]
    assert first == "arm"
    assert share + sum(other for _, other in others) == pytest.approx(1)
    assert {name for name, _ in others} <= {"learning_rate"}


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ((), ""),
        ((3,), "1 of 16 trials diverged."),
        ((6, 7, 14, 15), "All 4 trials that diverged have learning_rate ≥ 1; no other trial has."),
        ((6, 7, 14), "All 3 trials that diverged have learning_rate ≥ 1; one other trial with such a value did not."),
        ((0, 1, 8, 9), "All 4 trials that diverged have learning_rate ≤ 0.001; no other trial has."),
        ((0, 7, 8, 15), "4 of 16 trials diverged; no single hyperparameter sets them apart from the others."),
    ],
)
def test_where_the_failures_lie(bad, sentence):
    axes = {"widths": AXES["widths"], "learning_rate": AXES["learning_rate"], "seed": (0, 1)}
    found = findings.failures(sweep(dict.fromkeys(bad, DIVERGED), axes))
    assert found["sentence"] == sentence
    assert [row[0] for row in found["rows"]] == [str(trial) for trial in bad]


def test_failures_of_one_level():
    found = findings.failures(sweep(dict.fromkeys((0, 2, 5, 6), DIVERGED), {**AXES, "widths": ((4,), (8,), (16,))}))
    assert "sets them apart" in found["sentence"] or "have" in found["sentence"]
    only = [i for i, spec in enumerate(sweep().run.specs) if spec.experiment.model.widths == (4,)]
    found = findings.failures(sweep(dict.fromkeys(only, DIVERGED)))
    assert found["sentence"] == "All 8 trials that diverged have widths 4; no other trial has."
    assert found["rows"][0][2] == "17"  # the step


def test_what_halving_saved_by_hand():
    """Of 4 trials of 6 epochs one was dropped after 3: 21 of 24 trial-epochs."""
    one = sweep(axes={"learning_rate": AXES["learning_rate"]})
    assert findings.dropped(one) == ""
    record = one.run.records[2]
    record.status, record.epochs = DROPPED, 3
    assert findings.dropped(one) == "1 of 4 trials was dropped; trial-epochs trained: 88 % of the full sweep."


def test_a_search_by_halving():
    found = findings.sweep_findings(ReportContext(searched(60, 20)).sweep)
    assert found["num_rungs"] == 3
    assert found["failures"]["sentence"].startswith("All ")
    assert found["example"].startswith("learning_rate<")
