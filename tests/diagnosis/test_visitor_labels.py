"""Labels of other tools' runs follow from what is shown and from what a longer run did."""

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
    hidden = labeled(run(loss, loss, loss, mistake=mistake), "val_loss").label
    assert (hidden == code) == (mistake == "late_start")  # a plateau shows in validation too


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


def test_overfitting_needs_a_validation_loss_that_is_shown():
    one = run(FALLS, RISES, RISES)
    assert labeled(one, "train_loss", "val_loss").label == "overfitting"
    hidden = labeled(one, "train_loss")
    assert hidden.label in ("converged", "stopped_too_late", "still_learning")
    assert "overfitting" not in hidden.accepted


def test_a_rise_that_a_longer_run_undoes_is_not_overfitting():
    back = np.where(T > 40, RISES - 0.02 * (T - 40), RISES)
    found = labeled(run(FALLS, back, back), "train_loss", "val_loss")
    assert found.label == "still_learning"
    assert "overfitting" in found.accepted


@pytest.mark.parametrize(("end", "code"), [(0.2, "too_slow"), (0.68, "stuck_at_start")])
def test_a_higher_rate_says_what_is_too_slow(end, code):
    """From 0.7 to 0.69 in 40 epochs, guessing being 0.69; three times the rate comes to 0.2, or nowhere."""
    crawls = 0.7 - 0.01 * T / 60
    others = {3.0: {"train_eval": np.linspace(0.7, end, 40)}}
    assert labeled(run(crawls, crawls, crawls, others), "train_loss", "val_loss").label == code


def test_a_network_at_guessing_is_stuck():
    flat = np.full(60, 0.69)
    assert labeled(run(flat, flat, flat), "train_loss", "val_loss").label == "stuck_at_start"


def test_a_rate_that_has_gone_to_zero_is_not_called_too_slow():
    """From 1 to 0.9 by epoch 30, then flat; three times the rate comes to 0.3, which no curve shown tells."""
    flat = 0.9 + 0.1 * np.maximum(1 - T / 30, 0) ** 2
    others = {3.0: {"train_eval": np.linspace(1, 0.3, 40)}}
    found = labeled(run(flat, flat, flat, others)._replace(guess=1.1), "train_loss", "val_loss")
    assert found.label in ("converged", "stopped_too_late")
    assert {"converged", "too_slow"} <= found.accepted


def test_a_log_without_a_loss_tells_no_divergence():
    gone = np.where(T > 20, np.nan, FALLS)
    one = run(gone, gone, gone)
    one.history["val_accuracy"] = np.full(60, 0.3)
    assert labeled(one, "val_accuracy") is None
    assert labeled(one, "train_loss", "val_accuracy").label == "diverged"


@pytest.mark.parametrize(("guess", "wrong", "told"), [(np.log(4), 0.75, True), (1.62, 0.6, False)])
def test_guessing_is_told_by_equal_classes_alone(guess, wrong, told):
    """Four classes of a quarter each: log 4; six of 40 % and less: an entropy of 1.62, near log 5, which is chance."""
    flat = np.full(60, guess)
    one = run(flat, flat, flat)._replace(guess=guess, guess_error=wrong)
    one.history["val_accuracy"] = np.full(60, 1 - wrong)
    assert ("converged" in labeled(one, "train_loss", "val_accuracy").accepted) != told


def test_a_plateau_is_told_by_accuracies_alone():
    one = run(WAITS, WAITS, WAITS, mistake="late_start")._replace(guess_error=0.7)
    one.history.update(val_accuracy=1 - WAITS, test_accuracy=1 - WAITS)
    assert labeled(one, "val_accuracy").label == "plateau_then_drop"


def test_a_noisy_train_loss_that_rises_once_is_not_rising_where_the_weights_are_not_worse():
    """The last tenth of the running mean is 10 % up; re-evaluated the loss falls on."""
    jumpy = np.where(T > 36, 1.1 * FALLS[35], FALLS)
    one = run(FALLS, FALLS, FALLS, mistake="growing")
    one.history["train_loss"] = jumpy
    assert labeled(one, "train_loss", "val_loss").label != "rising"


def test_how_far_training_has_come_is_accepted_where_validation_says_it_and_the_rate_is_too_low():
    """Train and test fall along a line, three times the rate comes far lower; the validation loss is flat."""
    crawls = 0.68 - 0.05 * T / 60
    others = {3.0: {"train_eval": np.linspace(0.7, 0.2, 40)}}
    found = labeled(run(crawls, np.full(60, 0.6), crawls, others), "train_loss", "val_loss")
    assert found.label == "too_slow"
    assert {"converged", "still_learning"} <= found.accepted
    assert "converged" not in labeled(run(crawls, crawls, crawls, others), "train_loss", "val_loss").accepted


def test_a_train_loss_that_rises_in_every_epoch_is_rising_too():
    up = 0.7 + 0.001 * T
    assert "rising" in labeled(run(up, up, up), "train_loss", "val_loss").accepted
    assert "rising" not in labeled(run(FALLS, FALLS, FALLS), "train_loss", "val_loss").accepted


@pytest.mark.parametrize("tried", [False, True])
def test_too_slow_is_accepted_where_no_other_rate_was_tried(tried):
    line = 0.7 - 0.3 * T / 60
    found = labeled(run(line, line, line, {3.0: {"train_eval": line[:40]}} if tried else {}), "val_loss")
    assert found.label == "still_learning"
    assert ("too_slow" in found.accepted) != tried
