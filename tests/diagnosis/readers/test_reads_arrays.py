"""Arrays of NumPy."""

import io

import numpy as np
import pytest
from log_curves import LOSS, VAL

from nnjax.core.errors import UserError


def saved(save, *arrays, **named):
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def test_npy(loaded, both):
    np.testing.assert_array_equal(loaded(saved(np.save, LOSS)).curves.train_loss, [LOSS])
    both(saved(np.save, np.stack([LOSS, VAL], axis=1)))
    both(saved(np.save, np.stack([LOSS, VAL])))


def test_npz(both):
    both(saved(np.savez, loss=LOSS, val_loss=VAL, lr=np.ones(3)))


@pytest.mark.parametrize("array", [np.ones((2, 3, 4)), np.array(["a"]), np.zeros(0)])
def test_no_curves(loaded, array):
    with pytest.raises(UserError, match=r"curves, .* were expected"):
        loaded(saved(np.save, array))
