"""Whatever the numbers: no crash, verdicts of the known codes, and nothing sure from nothing."""

import dataclasses
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from nnjax.core.errors import UserError
from nnjax.diagnosis.curves_by_length import NAMES
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.types import Curves, Diagnosis, TrainingContext
from nnjax.diagnosis.verdicts import CODES

NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 10),
    st.sampled_from([0.0, 1.0, -1.0, 1e-320, 1e308, -1e308, np.inf, -np.inf, np.nan]),
)
OPTIONAL = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))


@st.composite
def cases(draw):
    shape = draw(st.tuples(st.integers(0, 4), st.integers(0, 24)))
    known = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    arrays = {name: draw(hn.arrays(float, shape, elements=NUMBERS)) for name in sorted(known)}
    diverged = draw(st.one_of(st.none(), hn.arrays(float, shape[0], elements=st.sampled_from([np.nan, 1.0, 3.0]))))
    context = TrainingContext(
        draw(OPTIONAL), draw(OPTIONAL), draw(OPTIONAL), draw(st.sampled_from([None, True, False]))
    )
    return Curves(**arrays, diverged_at=diverged), context, shape


def check(diagnosis):
    assert isinstance(diagnosis, Diagnosis)
    codes = [verdict.code for verdict in (diagnosis.primary, *diagnosis.others)]
    assert set(codes) <= set(CODES)
    assert len(codes) == len(set(codes))
    for verdict in (diagnosis.primary, *diagnosis.others):
        assert 0 <= verdict.confidence <= 1
        assert verdict.sentence.endswith(".")
        assert all(isinstance(epoch, int) and epoch >= 0 for epoch in verdict.epochs.values())
    json.dumps(diagnosis.as_json(), allow_nan=False)
    assert str(diagnosis).startswith(codes[0])


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_arbitrary_arrays(case):
    curves, context, (m, _) = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = diagnose_curves(curves, context)
    assert len(found) == m
    for one in found:
        check(one)


@settings(max_examples=100, deadline=None)
@given(hn.arrays(float, (3, 30), elements=st.floats(0.01, 10)), st.integers(5, 30))
def test_a_trial_is_diagnosed_as_it_is_alone(y, length):
    """Others in the array, and NaN past its end, change nothing."""
    y[1, length:] = np.nan
    together = diagnose_curves(Curves(train_loss=y, val_loss=y[::-1].copy() * 0 + y))
    alone = diagnose_curves(Curves(train_loss=y[1:2, :length], val_loss=y[1:2, :length]))
    assert together[1] == alone[0]


def test_the_number_of_trials_changes_no_last_digit_of_a_forecast():
    """BLAS adds up in another order for other numbers of rows: every eighth of these differed by it."""
    rng = np.random.default_rng(0)
    t = np.arange(1, 41)
    y = np.exp(-t / rng.uniform(2, 60, (40, 1))) * rng.uniform(0.1, 3, (40, 1)) + rng.uniform(0.1, 1, (40, 1))
    y[::3] = 1.5  # sums of rounding errors
    y[::3, 0] = 2.0
    together = diagnose_curves(Curves(train_loss=y, val_loss=y))
    assert together == [diagnose_curves(Curves(train_loss=row, val_loss=row))[0] for row in y[:, None]]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("value", [1.0, np.nan])
def test_too_short(length, value):
    y = np.full((2, length), value) * np.linspace(1, 0.1, length)
    for one in diagnose_curves(Curves(train_loss=y, val_loss=y)):
        assert (one.primary.code, one.others) == ("too_short_to_say", ())


def test_accuracies_alone_are_judged_by_their_error():
    """1 - accuracy = 0.1 + 0.8 exp(-t / 10) is flat after 100 epochs, and still falls after 20."""
    for epochs, codes in ((100, {"converged", "stopped_too_late"}), (20, {"still_learning"})):
        [one] = diagnose_curves(Curves(val_accuracy=0.9 - 0.8 * np.exp(-np.arange(1, epochs + 1) / 10)))
        assert one.primary.code in codes
        assert "There is no loss: the error, 1 - accuracy, was judged." in one.primary.sentence
        assert "The loss" not in one.primary.sentence


def test_a_curve_that_is_never_finite_diverged_in_its_first_epoch():
    [one] = diagnose_curves(Curves(train_loss=np.full(20, np.nan)))
    assert (one.primary.code, dict(one.primary.epochs)) == ("diverged", {"diverged": 1})
    assert "not scaled" in one.primary.next


def test_a_loss_that_is_zero_throughout_was_not_measured():
    t = np.arange(1, 41)
    [one] = diagnose_curves(Curves(train_loss=0.2 + 2 * 0.7**t, val_loss=np.zeros(40)))
    assert one.primary.code in {"converged", "stopped_too_late"}
    assert "The validation loss is 0 throughout: it was not measured" in one.primary.sentence


def test_no_noise_is_sure_of_anything():
    """White noise around a constant has no minimum, no trend and no spike worth a confident word."""
    y = 1 + 0.02 * np.random.default_rng(1).normal(size=(300, 40))
    sure = [one.primary.code for one in diagnose_curves(Curves(val_loss=y)) if one.primary.confidence > 0.9]
    assert sum(code != "stuck_at_start" for code in sure) <= 0.02 * len(y)


@pytest.mark.parametrize(("epoch", "value"), [(3, np.inf), (7, np.inf), (12, np.nan), (7, -np.inf)])
def test_a_loss_that_is_not_finite_has_diverged_in_that_epoch(epoch, value):
    y = np.linspace(2, 1, 12)
    y[epoch - 1 :] = value
    [one] = diagnose_curves(Curves(train_loss=y))
    assert one.primary.code == "diverged"
    assert one.primary.epochs["diverged"] == epoch


def test_a_negative_loss_that_falls_is_no_mistake():
    y = 3 - 4 * (1 - np.exp(-np.arange(60) / 6))
    [one] = diagnose_curves(Curves(train_loss=y, val_loss=y + 0.01))
    assert one.primary.code in ("converged", "stopped_too_late")
    assert all(math.isfinite(value) for value in one.primary.evidence.values())


def test_a_loss_measured_now_and_then_is_not_diverged():
    train = np.exp(-np.arange(40) / 10) + 0.2
    val = np.where(np.arange(40) % 5 == 0, train + 0.05, np.nan)
    [one] = diagnose_curves(Curves(train_loss=train, val_loss=val))
    assert one.primary.code in ("converged", "still_learning")


@pytest.mark.parametrize(
    ("curves", "context", "message"),
    [
        (Curves(), None, "no curve"),
        (Curves(train_loss=np.ones((2, 5)), val_loss=np.ones((2, 6))), None, "shapes"),
        (Curves(train_loss=np.ones((2, 5, 1))), None, "shapes"),
        (Curves(train_loss=np.array([["a", "b"]])), None, "numbers"),
        (Curves(train_loss=np.ones((2, 5))), [TrainingContext()], "contexts"),
        (Curves(train_loss=np.ones((2, 5)), diverged_at=np.ones(3)), None, "diverged_at"),
    ],
)
def test_mistakes_are_sentences(curves, context, message):
    with pytest.raises(UserError, match=message):
        diagnose_curves(curves, context)


def test_percent_and_share_of_accuracy_are_the_same():
    loss = np.linspace(2, 1, 20)
    accuracy = np.linspace(0.2, 0.8, 20)
    one = Curves(train_loss=loss, val_loss=loss, val_accuracy=accuracy)
    other = dataclasses.replace(one, val_accuracy=100 * accuracy)
    assert diagnose_curves(one) == diagnose_curves(other)
