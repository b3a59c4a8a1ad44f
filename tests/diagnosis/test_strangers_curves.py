"""Rules on curves as strangers have them: made by formulas, so that the right verdict is known."""

import numpy as np
import pytest

from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Curves, TrainingContext
from scripts.curves import scoring, synthetic

T = np.arange(1, 41)
DONE = {"converged", "stopped_too_late"}


def first(context=None, **curves):
    [found] = diagnose_curves(Curves(**curves), context)
    return found


def codes(found):
    return {verdict.code for verdict in (found.primary, *found.others)}


@pytest.fixture(scope="module")
def scores():
    return scoring.score(synthetic.draw(20, seed=3))


@pytest.mark.parametrize("kind", synthetic.KINDS)
def test_first_verdicts_of_each_kind_are_right(scores, kind):
    own = [score for score in scores if score.one.source.split("/")[1] == kind]
    assert sum(score.accepted for score in own) >= 0.75 * len(own)


def test_first_verdicts_of_all_kinds_are_right(scores):
    """Two in three before forecasts had an error and ends were robust."""
    assert np.mean([score.accepted for score in scores]) > 0.92


def test_one_last_epoch_does_not_hide_overfitting():
    """Validation rises by 40 %, with 2 % noise; in each of 40 curves its last epoch is lower than the minimum."""
    rng = np.random.default_rng(1)
    val = (0.5 + np.exp(-T / 4) + 0.2 * np.maximum(T - 12, 0) / 28) * np.exp(0.02 * rng.normal(size=(40, 40)))
    val[:, -1] = 0.95 * val.min(axis=1)
    found = diagnose_curves(Curves(train_loss=np.tile(2 * np.exp(-T / 8), (40, 1)), val_loss=val))
    assert np.mean([one.primary.code == "overfitting" for one in found]) > 0.95


def test_a_jump_in_the_last_epoch_is_named_and_left_out():
    loss = 0.5 + np.exp(-T / 4)
    loss[-1] = 1.4
    found = first(train_loss=loss, val_loss=1.02 * loss)
    assert found.primary.code in DONE
    assert "In the last epoch (40) the loss jumped to 180 % above" in found.primary.sentence
    assert "1.4" not in found.primary.sentence.split("In the last")[0]


def test_learned_in_the_first_epoch_is_done():
    rng = np.random.default_rng(2)
    train = np.where(T == 1, 0.35, 0.1) * np.exp(0.01 * rng.normal(size=(20, 40)))
    val = 0.11 * np.exp(0.02 * rng.normal(size=(20, 40)))
    found = [one.primary.code for one in diagnose_curves(Curves(train_loss=train, val_loss=val))]
    assert np.mean([code in DONE | {"noisy"} for code in found]) >= 0.9
    assert not {"stuck_at_start", "unstable"} & set(found)


def test_an_accuracy_that_rises_rules_out_unstable():
    loss = 0.28 * np.exp(0.35 * np.random.default_rng(0).normal(size=40))
    assert first(train_loss=loss, val_loss=loss).primary.code == "unstable"
    accuracy = 0.86 + 0.05 * (1 - 0.9**T)
    assert "unstable" not in codes(first(train_loss=loss, val_loss=loss, train_accuracy=accuracy))


def test_roughness_that_one_running_mean_shows_alone_is_noise():
    """Batches, dropout or mixup make it so; the same in the re-evaluated loss is in the weights."""
    noise = np.exp(0.3 * np.random.default_rng(0).normal(size=(20, 40)))
    rough, calm = (0.3 + 0.7 * 0.9**T) * noise, np.tile(0.25 + 0.7 * 0.8**T, (20, 1))
    alone = [one.primary.code for one in diagnose_curves(Curves(train_loss=rough))]
    beside, shared = (
        np.mean(["unstable" in codes(one) for one in diagnose_curves(Curves(train_loss=rough, **others))])
        for others in ({"val_loss": calm}, {"train_loss_eval": rough, "val_loss": rough})
    )
    assert np.mean([code == "unstable" for code in alone]) <= 0.2
    assert beside <= 0.05
    assert shared > 0.7


def test_a_loss_that_has_exploded_by_its_last_epochs_has_diverged():
    loss = np.where(T < 36, 1.0, 10.0 ** (T - 35.0))
    assert first(train_loss=loss).primary.code == "diverged"
    assert first(train_loss=np.where(T == 36, 1e5, 1.0 + 0 * T)).primary.code != "diverged"


def test_validation_that_rises_from_the_start_beside_a_rough_train_loss_is_rising():
    train = 0.7 * np.exp(0.06 * np.random.default_rng(0).normal(size=40)) + 0.002 * T
    assert first(train_loss=train, val_loss=0.7 + 0.1 * (1 - 0.9**T)).primary.code == "rising"


def test_a_loss_near_the_log_of_ten_is_not_guessing_where_the_accuracy_is_not():
    """2.303 is log 10; of 100 examples 0.25 is five standard errors above 0.1."""
    loss = 2.303 + 1.5 * 0.3**T
    stuck, right = (first(train_loss=loss, train_accuracy=np.where(T % 2, n - 1, n) / 100) for n in (11, 25))
    assert stuck.primary.code == "stuck_at_start"
    assert right.primary.code in DONE


def test_validation_that_lies_above_train_from_the_start_is_no_memory():
    train, val = 1.1 - 0.0015 * T, 1.2 - 0.0002 * T
    assert "no_signal" not in codes(first(train_loss=train, val_loss=val))
    assert first(train_loss=1.1 - 0.02 * T, val_loss=val).primary.code == "no_signal"


def test_an_accuracy_of_ten_examples_does_not_tell_guessing():
    """3 of 10 where one in four is guessed; the loss falls by 5 %."""
    curves = {"train_loss": 0.8 + 0.7 * 0.8**T, "val_loss": 1.37 + 0.08 * 0.8**T}
    few = np.where(T == 1, 0.4, 0.3)
    assert "no_signal" not in codes(first(TrainingContext(num_validation=10), **curves, val_accuracy=few))
    assert "no_signal" in codes(first(TrainingContext(num_validation=1000), **curves, val_accuracy=few))


def test_overfitting_beside_a_train_loss_that_dropout_keeps_above_validation():
    rng = np.random.default_rng(0)
    train = 0.6 * np.exp(0.03 * rng.normal(size=40) - 0.003 * T)
    val = 0.2 + 0.5 * 0.6**T + 0.004 * np.maximum(T - 15, 0)
    assert first(train_loss=train, val_loss=val).primary.code == "overfitting"


def test_errors_of_a_few_examples_are_not_told_apart():
    """3 of 100 train, 0 of 10 validation examples are wrong."""
    train, val = np.where(T == 1, 0.5, 0.97), np.where(T == 1, 0.5, 1.0)
    few = first(TrainingContext(num_validation=10), train_accuracy=train, val_accuracy=val)
    many = first(TrainingContext(num_validation=1000), train_accuracy=train, val_accuracy=val - 0.001 * (T % 2))
    assert "val_below_train" not in codes(few)
    assert "val_below_train" in codes(many)


def test_a_share_that_does_not_move_is_not_noisy():
    assert "noisy" not in codes(first(TrainingContext(num_validation=10), val_accuracy=np.full(15, 0.8)))


def test_a_loss_and_an_accuracy_that_rise_together_are_said():
    val = np.where(T <= 6, 0.8 + 0.016 * (6 - T) ** 2, 0.8 + 0.0235 * (T - 6))
    found = first(train_loss=2 * 0.91**T, val_loss=val, val_accuracy=0.55 + 0.23 * (1 - 0.92**T))
    assert found.primary.code == "overfitting"
    assert "Its accuracy rose by 13.0 % meanwhile" in found.primary.sentence


def test_a_step_of_a_schedule_is_a_remark():
    u = np.arange(1, 81)
    loss = np.where(u <= 40, 0.62 + 1.6 * 0.55**u, 0.42 + 0.2 * 0.6 ** (u - 40.0))
    found = first(train_loss=loss, val_loss=1.05 * loss)
    assert found.primary.code in DONE
    assert "where a schedule lowers the learning rate" in found.primary.sentence


def test_a_schedule_that_is_known_to_have_ended_gains_nothing():
    loss = T**-0.5
    assert first(val_loss=loss).primary.code == "still_learning"
    assert first(TrainingContext(schedule_epochs=40), val_loss=loss).primary.code in DONE
    assert first(TrainingContext(schedule_epochs=80), val_loss=loss).primary.code == "still_learning"


def test_noise_is_told_beside_how_far_training_has_come():
    val = (0.9 + 0.6 * 0.7**T) * np.exp(0.05 * np.random.default_rng(4).normal(size=40))
    assert "noisy" in codes(first(train_loss=0.5 + 0.8**T, val_loss=val))


@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_sentences_speak_of_curves_that_exist(name):
    loss = (0.1 + 1.5 * 0.9**T) * np.exp(0.15 * np.random.default_rng(4).normal(size=40))
    text = str(first(**{name: loss}))
    assert ("validation" in text.lower().split("next:")[0]) == (name == "val_loss")
    assert ("train loss" in text) == (name == "train_loss")


def test_how_much_few_examples_can_tell_is_said():
    """Of 100 examples an accuracy of 90 % has the standard error (0.9 × 0.1 / 100)^½ = 3 points."""
    val = 0.5 * np.exp(0.12 * np.random.default_rng(4).normal(size=40)) + 1.2 * 0.6**T
    found = first(TrainingContext(num_validation=100), val_loss=val, val_accuracy=np.full(40, 0.9))
    assert found.primary.code == "noisy"
    assert "an accuracy of 90% is known to ±3.0%" in found.primary.sentence


def test_a_small_gap_by_averaging_is_told_where_the_reevaluated_loss_is_there():
    """The mean of the epoch's two ends lies 0.7 % above its end; so little is said of no other cause."""
    ends = 1.2 * (np.arange(41) + 8.0) ** -0.6
    train, again = (ends[:-1] + ends[1:]) / 2, ends[1:]
    found = first(train_loss=train, train_loss_eval=again, val_loss=again)
    assert found.primary.code == "still_learning"
    assert "val_below_train" in codes(found)
    assert "val_below_train" not in codes(first(train_loss=train, val_loss=again))


def test_large_factors_are_no_percentages():
    loss = np.where(
        np.arange(60) < 35, 0.1 * 0.9 ** np.minimum(np.arange(60), 15), 0.0206 * 1.3 ** (np.arange(60) - 34.0)
    )
    found = first(train_loss=1.9 * loss, train_loss_eval=loss, val_loss=loss)
    assert found.primary.code in {"rising", "diverged"}
    assert " times" in found.primary.sentence
    assert "val_below_train" not in codes(found)


def test_an_s_that_gathers_speed_is_still_learning():
    loss = 0.72 + 1.62 / (1 + np.exp((T - 23) / 6))
    assert first(train_loss=loss, val_loss=loss).primary.code == "still_learning"


def test_too_slow_needs_a_validation_loss_that_does_not_rise():
    train = 1 - 0.008 * T
    assert first(train_loss=train, val_loss=1.05 * train).primary.code == "too_slow"
    assert "too_slow" not in codes(first(train_loss=train, val_loss=1 + 0.004 * T))


def test_a_loss_that_breaks_off_out_of_a_fall_is_no_matter_of_the_rate():
    calm, wild = 2 * np.exp(-T / 8.0), 2 * np.exp(-T / 8.0) + np.exp(T - 36.0)
    calm[-1] = wild[-1] = np.inf
    assert "log(0)" in first(train_loss=calm).primary.next
    assert "Lower the learning rate" in first(train_loss=wild).primary.next


def test_one_example_more_is_no_trend_of_an_accuracy():
    """Of 60 examples 2 are wrong, and 3 at the end: the standard error of the log of 1 in 30 is 0.7."""
    wrong = np.array([20, 9, 5, 3, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3.0])
    found = first(train_accuracy=1 - 0.5 * 0.7 ** np.arange(20), val_accuracy=1 - wrong / 60)
    assert found.primary.code in DONE


def test_an_accuracy_of_one_is_no_divergence_afterwards():
    wrong = np.array([0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2.0])
    assert first(val_accuracy=1 - wrong / 27).primary.code != "diverged"


def test_a_few_epochs_that_bring_much_are_not_too_slow():
    """8 epochs along a line, from 0.9 to 0.5: it has but begun; from 0.9 to 0.85 it crawls."""
    assert (
        first(train_loss=np.linspace(0.9, 0.5, 8), val_loss=np.linspace(0.95, 0.55, 8)).primary.code == "still_learning"
    )
    assert first(train_loss=np.linspace(0.9, 0.85, 8), val_loss=np.linspace(0.92, 0.87, 8)).primary.code == "too_slow"


def test_noise_that_grows_is_no_spike():
    rng = np.random.default_rng(3)
    loss = 0.3 * np.exp(np.where(T < 20, 0.002, 0.09) * rng.normal(size=(60, 40)))
    found = diagnose_curves(Curves(train_loss=loss + np.exp(-T / 3)))
    assert np.mean([one.primary.code == "spike" for one in found]) < 0.05


@pytest.mark.parametrize(("right", "code"), [(9, "overfitting"), (6, "no_signal")])
def test_chance_is_what_so_few_examples_can_tell(right, code):
    """Of 20 examples of 4 classes guessing has 5 right, and 9 or more in 4 of 100 cases (binomial)."""
    val = 1.3 + 0.05 * T
    context = TrainingContext(mean_predictor=np.log(4), chance_accuracy=0.25, num_validation=20)
    shares = np.full(40, right / 20)
    assert first(context, train_loss=1.39 * np.exp(-T / 10), val_loss=val, val_accuracy=shares).primary.code == code


def test_the_last_digits_of_a_fitted_loss_are_not_unstable():
    train = np.where(T < 4, 1 / T, np.where(T > 30, 2e-4, 1e-5))
    assert first(train_loss=train, val_loss=0.3 + np.exp(-T / 2.0)).primary.code in DONE


def test_a_rate_that_restarts_is_neither_unstable_nor_a_spike():
    """Every 16 epochs the train loss jumps up and comes down, to a little less; at other distances it is unstable."""
    fall = np.concatenate([start * 0.94 ** np.arange(16) for start in (1.2, 1.1, 1.05)])[:40]
    found = first(train_loss=fall)
    assert not {"unstable", "spike"} & codes(found)
    assert "Every 16 epochs it jumps up and comes down again" in found.primary.sentence
    again = np.concatenate([1.2 * 0.94 ** np.arange(16), 1.1 * 0.94 ** np.arange(8), 1.05 * 0.94 ** np.arange(16)])
    assert "as where a schedule restarts" not in first(train_loss=again).primary.sentence


def test_validation_at_rest_is_not_stuck_while_train_learns():
    """Validation falls by 8 % in the first epochs, train by 60 %, the half of it after them."""
    noise = np.exp(0.03 * np.random.default_rng(4).normal(size=40))
    train, val = (0.45 + 0.15 * np.exp(-T / 2) + 0.2 * np.exp(-T / 8)) * noise, 0.635 + 0.08 * np.exp(-T / 2)
    assert first(train_loss=train, val_loss=val).primary.code in DONE | {"noisy", "still_learning"}


@pytest.mark.parametrize(("step", "stuck"), [(0.025, True), (0.001, False)])
def test_an_accuracy_moves_when_it_moves_by_more_than_luck(step, stuck):
    """Of 40 examples two right more are luck (standard error 8 points); of 1,000 eleven points more are learned."""
    accuracy = np.round((0.43 + 0.11 * (T > 3)) / step) * step + step * (T % 2)
    loss = np.log(2) * (1 + 0.02 * np.exp(-T / 2))
    found = first(train_loss=loss, val_loss=loss, val_accuracy=np.minimum(accuracy, 0.54))
    assert (found.primary.code == "stuck_at_start") == stuck


def test_a_leap_of_the_weights_that_the_running_mean_blurs_is_a_spike():
    again = 0.6 * 0.9 ** np.arange(14)
    again[7] *= 12
    train = 0.65 * 0.9 ** np.arange(14) + np.array([0] * 7 + [0.4, 0.9, 0.6, 0.4, 0.3, 0.2, 0.15])
    assert first(train_loss=train, train_loss_eval=again, val_loss=1.1 * again).primary.code == "spike"


def test_a_loss_that_grows_tenfold_is_not_stuck():
    found = first(train_loss=np.array([1.6, 1.4, 5.9, 17.8, 13.2]), val_loss=np.array([1.5, 1.2, 20.7, 13.8, 13.0]))
    assert found.primary.code in ("unstable", "rising")
