"""Labels of the visitors follow from what is shown and from what a longer run did."""

import numpy as np
import pytest

from scripts.curves.stranger_labels import Run
from scripts.curves.strangers import Plan
from scripts.curves.visitor_labels import label

T = np.arange(1, 61)  # 40 are shown
FALLS = 0.1 + 0.6 * np.exp(-T / 8)
RISES = 0.4 + 0.3 * np.exp(-T / 4) + 0.004 * np.maximum(T - 12, 0)  # a quarter above its minimum at epoch 40


def run(train, val, test, others=None, **plan):
    names = {"train_loss": train, "train_eval": train, "val_loss": val, "test_loss": test}
    made = Plan("classes", 100, 50, 40, 0, **plan)
    return Run(made, {name: np.array(y, float) for name, y in names.items()}, others or {}, 0.69, float("nan"))


def labeled(one, *names):
    return label(one, {name: one.history[name][:40] for name in names}, "visitors")


def test_a_schedule_that_has_ended_does_not_show_that_a_higher_rate_wins():
    stops = 0.7 - 0.1 * np.minimum(T, 30) / 30
    others = {3.0: {"train_eval": np.linspace(0.7, 0.2, 40)}}
    found = labeled(run(stops, stops, stops, others), "train_loss", "val_loss")
    assert found.label == "converged"
    assert "too_slow" in found.accepted


def test_a_network_that_had_learned_before_the_log_begins_is_not_stuck():
    """A loss of 0.1 where guessing has 0.69: without an accuracy nobody can tell."""
    flat, right = np.full(60, 0.1), np.full(60, 0.97)
    one = run(flat, flat, flat)
    assert labeled(one, "train_loss", "val_loss").label == "stopped_too_late"
    assert "stuck_at_start" in labeled(one, "train_loss", "val_loss").accepted
    one.history.update(val_accuracy=right, test_accuracy=right)
    assert "stuck_at_start" not in labeled(one, "train_loss", "val_loss", "val_accuracy").accepted


@pytest.mark.parametrize(("wrong", "code"), [(11, "stopped_too_late"), (14, "overfitting")])
def test_one_example_more_is_no_overfitting(wrong, code):
    """Of 50 validation examples 10 are wrong and then 11 or 14; of the test examples 20 and then 24 %."""
    late = T > 30
    one = run(FALLS, RISES, RISES)
    one.history.update(val_accuracy=1 - np.where(late, wrong, 10) / 50, test_accuracy=np.where(late, 0.76, 0.8))
    one = one._replace(guess_error=0.5)
    assert labeled(one, "val_accuracy").label == code
    assert labeled(one, "train_loss", "val_accuracy").label == "still_learning"
    assert "overfitting" in labeled(one, "train_loss", "val_accuracy").accepted


def test_shuffled_labels_are_told_by_accuracies_alone():
    chance = np.full(60, 0.5)
    one = run(FALLS, RISES, RISES, mistake="shuffled")._replace(guess_error=0.5)
    one.history.update(train_accuracy=1 - FALLS / 2, val_accuracy=chance, test_accuracy=chance)
    assert labeled(one, "train_accuracy", "val_accuracy").label == "no_signal"
    assert labeled(one, "val_accuracy").label == "stuck_at_start"


BREAKS = np.where(T > 25, 0.2 + 0.02 * (T - 25), FALLS)
WAITS = np.where(T <= 16, 0.7, 0.1 + 0.6 * np.exp(-(T - 16) / 6))
JUMPS = np.where(T == 21, 2.0, FALLS)


@pytest.mark.parametrize(
    ("mistake", "loss", "code"),
    [("growing", BREAKS, "rising"), ("late_start", WAITS, "plateau_then_drop"), ("bad_batch", JUMPS, "spike")],
)
def test_what_was_done_is_the_label_where_the_train_loss_shows_it(mistake, loss, code):
    assert labeled(run(loss, loss, loss, mistake=mistake), "train_loss", "val_loss").label == code
    assert labeled(run(FALLS, FALLS, FALLS, mistake=mistake), "train_loss").label != code
    assert labeled(run(loss, loss, loss, mistake=mistake), "val_loss").label != code


def test_divergence_is_a_label_where_the_log_shows_it():
    gone = np.where(T > 20, np.nan, FALLS)
    one = run(gone, gone, gone)
    one.history.update(val_accuracy=np.full(60, 0.5), test_accuracy=np.full(60, 0.5))
    assert labeled(one, "train_loss", "val_accuracy").label == "diverged"
    assert labeled(one, "val_accuracy") is None


def test_data_that_is_not_scaled_makes_a_good_rate_unstable():
    swings = 0.68 + 0.1 * (T % 2)
    others = {0.01: {"train_eval": np.linspace(0.7, 0.2, 40)}}
    one = run(swings, swings, swings, others, mistake="unscaled")
    assert labeled(one, "train_loss", "val_loss").label == "unstable"


@pytest.mark.parametrize(
    ("end", "also"), [(0.62, {"no_signal"}), (0.65, set()), (0.67, {"stuck_at_start"}), (0.5, {"no_signal"})]
)
def test_half_as_strong_a_case_is_accepted(end, also):
    """Validation stays at guessing's 0.69; train comes 10, 6, 3 and 28 % below it."""
    flat = np.full(60, 0.69)
    found = labeled(run(end + (0.69 - end) * np.exp(-T / 4), flat, flat), "train_loss", "val_loss")
    assert found.accepted & {"no_signal", "stuck_at_start"} == also
