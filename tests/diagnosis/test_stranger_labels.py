"""Labels of other tools' runs follow from what is shown and from what a longer run did."""

import numpy as np
import pytest

from scripts.curves.stranger_labels import Run, label
from scripts.curves.strangers import Plan

T = np.arange(1, 61)  # 40 are shown
FALLS = 0.1 + 0.6 * np.exp(-T / 8)
RISES = 0.4 + 0.3 * np.exp(-T / 4) + 0.004 * np.maximum(T - 12, 0)  # a quarter above its minimum at epoch 40


def run(train, val, test, others=None, **plan):
    names = {"train_loss": train, "train_eval": train, "val_loss": val, "test_loss": test}
    made = Plan("classes", 100, 50, 40, 0, **plan)
    return Run(made, {name: np.array(y, float) for name, y in names.items()}, others or {}, 0.69, float("nan"))


def labeled(one, *names):
    return label(one, {name: one.history[name][:40] for name in names}, "strangers")


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
