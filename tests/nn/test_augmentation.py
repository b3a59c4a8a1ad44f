"""Shifted and distorted images against SciPy's interpolation, and inside the trainer."""

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, population, specs_of
from scipy.ndimage import map_coordinates

from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.data import from_arrays
from nnjax.nn.augmentation import SHEAR, SHIFT, STRETCH, make_augmentation, sample, shift_of
from nnjax.train.layout.plan import Plan

IMAGES = np.random.default_rng(0).uniform(size=(40, 6, 8)).astype(np.float32)
FLAT = IMAGES.reshape(40, 48)


def test_sampling_is_scipys():
    """Bilinear, zeros outside ("grid-constant"), rows and columns at fractions and beyond the edges."""
    rng = np.random.default_rng(1)
    rows, columns = rng.uniform(-2, 8, (40, 6)).astype("float32"), rng.uniform(-3, 10, (40, 6, 8)).astype("float32")
    ours = np.asarray(jax.jit(sample)(IMAGES, rows, columns))
    for image, row, column, found in zip(IMAGES, rows, columns, ours, strict=True):
        places = np.broadcast_to(row[:, None], column.shape), column
        np.testing.assert_allclose(found, map_coordinates(image, places, order=1, mode="grid-constant"), atol=1e-5)


def moved(image, down, right):
    """An image moved by whole pixels, zeros behind."""
    out, (h, w) = np.zeros_like(image), image.shape
    out[max(down, 0) : h + min(down, 0), max(right, 0) : w + min(right, 0)] = image[
        max(-down, 0) : h + min(-down, 0), max(-right, 0) : w + min(-right, 0)
    ]
    return out


def test_every_shift_occurs_and_no_other():
    """Each image is one of 25 moved by whole pixels; of 40 x 20 draws all occur."""
    shift, seen = jax.jit(make_augmentation("shift:2", (6, 8))), set()
    moves = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    candidates = np.stack([[moved(image, *move) for move in moves] for image in IMAGES])
    for seed in range(20):
        found = np.asarray(shift(jax.random.key(seed), FLAT)).reshape(40, 1, 6, 8)
        same = (found == candidates).all(axis=(2, 3))
        assert (same.sum(axis=1) == 1).all()
        seen |= set(same.argmax(axis=1).tolist())
    assert len(seen) == 25


def test_affine_maps_keep_lines_straight():
    """Of an image of its own column numbers, each row is a line whose slope and offset lie in the stated ranges."""
    h, w = 21, 41
    ramp = np.tile(np.arange(1.0, w + 1, dtype=np.float32), (300, h, 1))
    found = np.asarray(jax.jit(make_augmentation("affine", (h, w)))(jax.random.key(0), ramp.reshape(300, -1)))
    inner = found.reshape(300, h, w)[:, 6:-6, 10:-10]
    slope = np.diff(inner, axis=2)
    np.testing.assert_allclose(slope, np.broadcast_to(slope[:, :1, :1], slope.shape), atol=1e-3)
    stretch, shear = slope[:, 0, 0] - 1, np.diff(inner, axis=1)[:, 0, 0]
    middle = inner[:, inner.shape[1] // 2, inner.shape[2] // 2] - (w + 1) / 2
    for drawn, most in ((stretch, STRETCH), (shear, SHEAR), (middle, SHIFT)):
        assert 0.9 * most < np.abs(drawn).max() <= most + 1e-3
        assert abs(drawn.mean()) < 4 * most / np.sqrt(3 * 300)


def test_draws_belong_to_the_key():
    for augment in ("shift:1", "affine"):
        transform = jax.jit(make_augmentation(augment, (6, 8)))
        one, again, other = (np.asarray(transform(jax.random.key(seed), FLAT)) for seed in (0, 0, 1))
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max() > 0.1
        assert one.dtype == np.float32


@pytest.mark.parametrize("text", ["shift", "shift:0", "shift:-1", "shift:x", "rotate", "affine:2", ""])
def test_unknown_texts(text):
    with pytest.raises(UserError, match=r"data\.augment is .* shift:2"):
        shift_of(text)


def test_impossible_augmentation():
    with pytest.raises(UserError, match=r"moves pixels, but data\.scaling=standard .*=unit"):
        validate(replace(CLASSIFIER, {"augment": "shift:2", "data.scaling": "standard"}))
    validate(replace(CLASSIFIER, {"augment": "affine"}))


@pytest.mark.parametrize("kind", ["mlp", pytest.param("autoencoder", marks=pytest.mark.slow)])
def test_in_the_trainer(kind):
    """Off by default; on, it changes training only, and is the same again, in a population of lanes."""
    data = from_arrays(IMAGES, np.arange(40) % 3, "images")
    base = replace(CLASSIFIER, {"kind": kind, "widths": (5,), "epochs": 1, "learning_rate": 0.0})
    if kind == "autoencoder":
        base = replace(base, {"output_activation": "sigmoid", "loss": "mean_squared_error"})
    found = {}
    for augment in ("none", "affine"):
        for attempt in range(2 if augment == "affine" else 1):
            some = population(
                specs_of(replace(base, {"augment": augment}), {"seed": (0, 1)}), data, Plan(devices=1, lanes=4)
            )
            some.run()
            found[augment, attempt] = [record.curves for record in some.records]
    plain, moved_once, again = found["none", 0], found["affine", 0], found["affine", 1]
    for lane in range(2):
        np.testing.assert_array_equal(plain[lane]["val_loss"], moved_once[lane]["val_loss"])  # rate 0: equal weights
        np.testing.assert_array_equal(plain[lane]["train_loss_eval"], moved_once[lane]["train_loss_eval"])
        np.testing.assert_array_equal(moved_once[lane]["train_loss"], again[lane]["train_loss"])
        assert abs(plain[lane]["train_loss"] - moved_once[lane]["train_loss"]) > 1e-5
