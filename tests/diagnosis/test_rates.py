"""A column of the learning rate says where its schedule has ended."""

import numpy as np
import pytest

import nnjax
from nnjax.diagnosis.rates import has_ended, rate_of

T = np.arange(30) / 30
COSINE = 0.5 * (1 + np.cos(np.pi * T))


@pytest.mark.parametrize(
    ("rate", "ended"),
    [
        (1 - T, True),
        (COSINE, True),
        (np.minimum(10 * T, 1) * COSINE, True),  # after a warm-up
        (np.ones(30), False),
        (np.where(T < 0.5, 1, 0.1), False),
        (np.where(T < 0.96, 1, 0.1), False),  # a step in the last epoch
        (0.5 * (1 + np.cos(np.pi * (3 * T % 1))), False),  # restarts
        (10 * T, False),
    ],
)
def test_schedules_that_end(rate, ended):
    assert has_ended(1e-3 * rate) == ended


def test_columns_of_a_rate():
    assert [rate_of({name: T}) for name in ("learning_rate", "lr", "lr-Adam", "lr/pg0", "train/learning_rate")] == [
        *("learning_rate", "lr", "lr-Adam", "lr/pg0", "train/learning_rate")
    ]
    assert rate_of({"loss": T, "error_rate": T, "val_loss": T}) is None


def test_a_rate_that_has_ended_promises_nothing(tmp_path):
    """The loss still falls by 10 % in the last third; with the rate at 0 it will not go on."""
    loss = 0.3 + np.exp(-2 * T)
    rows = "\n".join(f"{i},{y:.6g},{1.1 * y:.6g},{r:.6g}" for i, (y, r) in enumerate(zip(loss, 1 - T, strict=True)))
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss,lr\n" + rows, "utf-8")
    with pytest.warns(UserWarning, match="lr of .* has come down to 0"):
        [found] = nnjax.diagnose(path)
    assert found.primary.code in ("converged", "stopped_too_late")
    path.write_text("epoch,loss,val_loss,wd\n" + rows, "utf-8")
    assert nnjax.diagnose(path)[0].primary.code in ("still_learning", "too_slow")
