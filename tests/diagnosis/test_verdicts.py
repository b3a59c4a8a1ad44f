"""Rules on curves made by hand: causes, decompositions, precedence."""

import pathlib

import numpy as np
import pytest

from nnjax.core.layer_statistics import LayerStatistics
from nnjax.diagnosis import verdicts
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.trial_features import trend
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.diagnosis.verdict_rule import EVERYTHING, UNFINISHED
from nnjax.diagnosis.verdicts import CODES, VERDICTS
from nnjax.diagnosis.verdicts.unstable import _motion

T = np.arange(1, 41)
LEARNS = 2 * np.exp(-T / 8) + 0.3


def first(**curves):
    context, signals = curves.pop("context", None), curves.pop("signals", None)
    [found] = diagnose_curves(Curves(**curves), context, signals)
    return found


def codes(found):
    return [verdict.code for verdict in (found.primary, *found.others)]


def test_each_module_is_one_verdict():
    modules = {path.stem for path in pathlib.Path(verdicts.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(CODES) == modules
    assert len({rule.precedence for rule in VERDICTS.values()}) == len(CODES)
    for code, rule in VERDICTS.items():
        assert rule.code == code
        assert rule.outcome in EVERYTHING
        assert rule.silences <= EVERYTHING | set(CODES)
        assert bool(rule.state) == (rule.outcome == UNFINISHED)


@pytest.mark.parametrize(
    ("made", "cause"),
    [((0.3, 0.0, 0.0), "regularization"), ((0.0, 0.0, 0.3), "easier split"), ((0.05, 0.0, 0.2), "easier split")],
)
def test_the_gap_is_split_as_it_was_made(made, cause):
    """T - V = regularization + averaging + easier split, all in the loss's units; the curve falls by 0.02 an epoch."""
    regular, _, easier = made
    again = 2.0 - 0.02 * np.arange(40)
    before = np.concatenate([again[:1] + 0.02, again[:-1]])
    running = (before + again) / 2 + regular
    found = first(train_loss=running, train_loss_eval=again, val_loss=again - easier)
    [verdict] = [v for v in (found.primary, *found.others) if v.code == "val_below_train"]
    whole = regular + 0.01 + easier
    assert verdict.evidence["regularization"] == pytest.approx(regular / whole, abs=1e-9)
    assert verdict.evidence["averaging"] == pytest.approx(0.01 / whole, abs=1e-9)
    assert verdict.evidence["easier split"] == pytest.approx(easier / whole, abs=1e-9)
    assert ("easier" in verdict.sentence) == (cause == "easier split")


def test_without_regularization_the_running_mean_lies_above_by_averaging():
    """A loss that falls fast and then slowly within each epoch has a mean above the middle of its ends."""
    again = 2.0 - 0.02 * np.arange(40)
    found = first(
        train_loss=again + 0.3, train_loss_eval=again, val_loss=again, context=TrainingContext(regularized=False)
    )
    [verdict] = [v for v in (found.primary, *found.others) if v.code == "val_below_train"]
    assert verdict.evidence["averaging"] == pytest.approx(1)
    assert "regularization" not in verdict.evidence


@pytest.mark.parametrize(
    ("regularized", "name"),
    [(None, "regularization or easier split"), (True, "regularization"), (False, "easier split")],
)
def test_without_a_re_evaluated_loss_the_context_decides(regularized, name):
    found = first(train_loss=LEARNS + 0.3, val_loss=LEARNS, context=TrainingContext(regularized=regularized))
    assert found.primary.code == "val_below_train"
    assert max(found.primary.evidence, key=lambda k: found.primary.evidence[k] if k != "gap" else -1) == name


def signals(**known):
    """Signals of one network of two layers over 40 epochs; what is not given is healthy."""
    healthy = {"gradient_norm": 0.1, "update_ratio": 1e-3, "dead_share": 0.1, "saturated_share": 0.1}
    healthy |= {"activation_variance": 1.0}
    arrays = {name: np.full((1, 40, 2), value) for name, value in healthy.items()}
    for name, values in known.items():
        arrays[name][0] = values
    return LayerStatistics(("layer_0", "layer_1"), **arrays)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"dead_share": [0.2, 1.0]}, "In layer_1 100 % of the ReLU units are dead."),
        ({"dead_share": [1.0, np.nan], "update_ratio": [np.nan, 0.1]}, "The weights of layer_0 are all 0"),
        (
            {"gradient_norm": [1e-7, 0.1], "activation_variance": [1.0, 0.0]},
            "The gradient of the first layer is 1e-06 of the last one's",
        ),
        ({"saturated_share": [0.97, 0.1]}, "In layer_0 97 % of the outputs are saturated."),
        ({"activation_variance": [1.0, 0.0]}, "layer_1 gives every example the same answer"),
        ({"gradient_norm": [1e-7, 0.1]}, "The gradient of the first layer is 1e-06 of the last one's"),
        ({"dead_share": [np.nan, np.nan]}, "the curves alone do not tell which"),
    ],
)
def test_a_network_that_is_stuck_says_why(known, words):
    found = first(train_loss=np.full(40, 2.3026), val_loss=np.full(40, 2.3026), signals=signals(**known))
    assert found.primary.code == "stuck_at_start"
    assert words in found.primary.sentence
    assert found.primary.next


def test_the_mean_predictor_is_named_with_and_without_a_context():
    level = np.log(10) + 0.3 * np.exp(-T)
    found = first(train_loss=level, val_loss=level, context=TrainingContext(mean_predictor=np.log(10)))
    assert "always predicting the mean" in found.primary.sentence
    found = first(train_loss=level, val_loss=level, val_accuracy=np.full(40, 0.1))
    assert found.primary.code == "stuck_at_start"
    assert "number of classes (10)" in found.primary.sentence


def test_a_network_at_its_best_from_the_start_is_not_stuck():
    """Fine-tuning: the loss hardly moves, but the accuracy is high."""
    level = 0.05 + 0.0002 * np.cos(T)
    assert first(train_loss=level, val_loss=level, val_accuracy=np.full(40, 0.98)).primary.code != "stuck_at_start"


def test_overfitting_needs_a_train_loss_that_falls():
    val = 1 - 0.5 * np.exp(-(((T - 12) / 8) ** 2))
    assert first(train_loss=LEARNS, val_loss=val).primary.code == "overfitting"
    rising = first(train_loss=val + 0.02, val_loss=val)
    assert "overfitting" not in codes(rising)
    assert rising.primary.code == "rising"


def test_an_epoch_of_the_trainers_own_knowledge():
    found = first(train_loss=LEARNS, diverged_at=np.array([41.0]))
    assert (found.primary.code, found.primary.epochs) == ("diverged", {"diverged": 41})
    assert found.others == ()


def test_a_floor_is_told():
    found = first(val_loss=np.exp(-T / 3) + 0.0900, context=TrainingContext(floor=0.0581))
    assert {"converged", "stopped_too_late"} & set(codes(found))
    [verdict] = [v for v in (found.primary, *found.others) if v.code == "converged"]
    assert "0.0319 above the least possible (0.0581)" in verdict.sentence


def test_a_spike_in_the_running_mean_alone_is_noise_of_that_loss():
    jumps = LEARNS.copy()
    jumps[20] *= 2
    assert first(train_loss=jumps, val_loss=LEARNS + 0.02).primary.code != "spike"
    also = LEARNS + 0.02
    also[20] *= 1.5
    found = first(train_loss=jumps, val_loss=also)
    assert (found.primary.code, found.primary.epochs["spike"]) == ("spike", 21)


def test_a_network_that_collapses_is_not_stuck_from_the_start():
    """Eight good epochs, and then a constant answer for good."""
    loss = np.where(T <= 8, np.exp(-T / 4), np.log(10))
    found = first(train_loss=loss, val_loss=loss, context=TrainingContext(mean_predictor=np.log(10)))
    assert found.primary.code == "stuck_at_start"
    assert found.primary.sentence.startswith("After epoch 8 the loss went back up to 2.303")
    assert found.primary.epochs["from"] == 8


def test_a_fall_that_slows_down_is_not_called_a_straight_line():
    """A power law above the mean predictor: 26 % of its fall in the second half."""
    loss = 3 + 2 * T**-0.3
    found = first(train_loss=loss, val_loss=loss, context=TrainingContext(mean_predictor=2.5))
    assert found.primary.code == "too_slow"
    assert "slowly and steadily" in found.primary.sentence
    assert "straight" not in found.primary.sentence


def test_what_the_first_epoch_brought_counts():
    """Validation falls along a line, but the mean of the first epoch's batches is five times as high: no slow rate."""
    val = 1 - 0.005 * T
    train = np.where(T == 1, 5.0, val)
    assert first(train_loss=val, val_loss=val).primary.code == "too_slow"
    assert first(train_loss=train, val_loss=val).primary.code == "still_learning"


def test_one_that_has_come_far_is_noisy_and_one_that_has_not_is_unstable():
    wobble = np.exp(0.3 * np.cos(2.3 * T))
    for level, code in ((0.05, "noisy"), (0.6, "unstable")):
        loss = (level + np.exp(-T)) * wobble
        context = TrainingContext(mean_predictor=1.0)
        assert first(train_loss=loss, train_loss_eval=loss, val_loss=loss, context=context).primary.code == code


def test_a_short_smooth_fall_is_still_learning():
    """Six epochs: the bend of the curve is no noise."""
    loss = np.array([1.8, 1.0, 0.6, 0.4, 0.3, 0.24])
    assert first(train_loss=loss, val_loss=loss + 0.1).primary.code == "still_learning"


def test_a_network_that_memorizes_is_not_promised_more():
    """Validation falls by 8 % in its second half, train to a tenth of it; going on gains validation 1.7 %."""
    val, train = 0.5 + 0.3 * np.exp(-T / 12), np.exp(-T / 14)
    assert "still_learning" in codes(first(train_loss=val, val_loss=val))
    assert "still_learning" not in codes(first(train_loss=train, val_loss=val))


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_a_train_loss_alone_needs_less_to_be_still_learning(seed):
    """t^-0.06 gains 2.4 % in half as many epochs again; noise of 1 % leaves that in doubt."""
    loss = np.arange(1, 25) ** -0.06 * np.exp(0.01 * np.random.default_rng(seed).normal(0, 1, 24))
    assert first(val_loss=loss).primary.code == "converged"
    assert first(train_loss=loss).primary.code == "still_learning"


def test_a_loss_that_ends_above_its_lowest_is_not_flat_whatever_train_does():
    """Validation falls to 1 within 10 epochs and comes to lie 9 % above; train has been flat since epoch 5."""
    val = np.concatenate([np.linspace(2, 1, 10), np.linspace(1, 1.09, 10), np.full(10, 1.09)])
    train = np.concatenate([np.linspace(2, 0.9, 5), 0.9 + 0.012 * (-1.0) ** np.arange(25)])
    found = first(train_loss=train, val_loss=val).primary
    assert found.code == "overfitting"
    assert "train loss did not fall" in found.sentence


def test_a_loss_that_exploded_and_came_back_to_guessing_is_stuck():
    """Ten equal classes: log 10 = 2.3026, an accuracy of 1/10; it had been at 25, and at 2.4 half-way."""
    fall = np.concatenate([[2.4, 25.0], np.geomspace(9, 2.36, 26), np.full(22, 2.312) - 1e-4 * np.arange(22)])
    found = first(train_loss=fall, val_loss=fall, val_accuracy=np.full(50, 0.1)).primary
    assert found.code == "stuck_at_start"


def test_little_noise_is_no_jump_and_a_loss_of_zero_has_no_per_cents():
    rng = np.random.default_rng(0)
    flat = 0.7 + 0.01 * rng.normal(0, 1, 30)
    calm = first(train_loss=flat, val_loss=flat + 0.01).primary
    assert calm.code == "stuck_at_start" or "moves up and down" in calm.sentence
    z = trend(np.array([[39.0, 20, 0, 12, 3, 14, 2]]))
    assert _motion(z, 0) == f"jumps by about {z.noise[0] * 39:.2g}"
    assert _motion(trend(np.exp(0.02 * rng.normal(0, 1, (1, 30)))), 0).startswith("moves up and down by ")
