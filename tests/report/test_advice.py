import numpy as np
import pytest
from fake_runs import CLASSIFIER, fake_run

from nnjax.diagnosis.types import Diagnosis, Verdict
from nnjax.report.context import ReportContext
from nnjax.report.sweep import advice
from nnjax.spaces.space import Space

RATES = (0.001, 0.01, 0.1, 1.0, 10.0)


def sweep(codes, best):
    """Five rates with made-up verdicts; the trial `best` has the lowest loss."""
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": RATES}))
    for record in run.records:
        record.values["best_val_loss"] = 1.0
    run.records[best].values["best_val_loss"] = 0.5
    run.__dict__["diagnoses"] = [Diagnosis(Verdict(code, "", next=f"Mend {code}.")) for code in codes]
    return ReportContext(run).sweep


def test_the_best_trial_decides_what_comes_first():
    first = {
        "still_learning": "The chosen trial (2) is still learning: train for more epochs before trusting the "
        "comparison.",
        "converged": "The chosen trial (2) has converged and is not at an edge of the space: refine around it, or run "
        "more seeds of it.",
        "overfitting": "Mend overfitting.",
    }
    for code, sentence in first.items():
        assert advice.advice(sweep(["spike"] * 2 + [code] + ["spike"] * 2, 2), "val_loss")[0] == sentence


def test_an_edge_takes_the_place_of_refining():
    found = advice.advice(sweep(["converged"] * 5, 4), "val_loss")
    assert found == [
        "The chosen trial (4) has converged.",
        "The chosen setting has learning_rate 10, the highest that was tried; try higher values too.",
    ]


def test_broken_trials_are_counted_and_found_in_the_space():
    codes = ["converged"] * 3 + ["unstable", "stuck_at_start"]
    found = advice.advice(sweep(codes, 2), "val_loss")
    assert found[1] == (
        "2 of five trials did not train (1 stuck at start, 1 unstable). All of them have learning_rate ≥ 1, and no "
        "other trial has: leave that out next time."
    )


def test_the_best_trial_is_never_left_out():
    """The best of five rates is among the two whose curves look broken."""
    found = advice.advice(sweep(["converged"] * 3 + ["unstable", "unstable"], 3), "val_loss")
    assert any("2 of five trials did not train" in sentence for sentence in found)
    assert not any("leave that out" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (["too_slow"] * 2 + ["still_learning"] + ["converged"] * 2, "3 of five trials had not finished learning"),
        (["overfitting"] * 4 + ["converged"], "4 of five trials overfit"),
        (["converged"] * 5, None),
    ],
)
def test_what_most_trials_have_in_common(codes, words):
    found = advice.advice(sweep(codes, 2), "val_loss")
    assert (words is None) == (len(found) == 1)
    assert words is None or words in found[-1]


def test_nothing_is_advised_where_nothing_is_known():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": RATES}), statuses=dict.fromkeys(range(5), "waiting"))
    assert advice.advice(ReportContext(run).sweep, None) == []
    assert np.all([one is None for one in run.diagnoses])
