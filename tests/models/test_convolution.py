"""Banded products against XLA's own convolution, PyTorch's semantics worked by hand, and NumPy's pooling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax.models import convolution
from nnjax.models.convolution import average_pool, banded, convolve, max_pool, native, pad, upsample
from nnjax.types import UserError

# images and a kernel: LeNet's two, a 3 x 3, odd shapes, and one as large as the image
SHAPES = [
    ((3, 32, 32, 1), (5, 5, 1, 6)),
    ((3, 14, 14, 6), (5, 5, 6, 16)),
    ((2, 9, 9, 16), (3, 3, 16, 8)),
    ((2, 6, 8, 2), (2, 3, 2, 4)),
    ((2, 5, 4, 3), (5, 4, 3, 7)),
]


def drawn(images, kernel, dtype="float64"):
    rng = np.random.default_rng(0)
    return tuple(jnp.asarray(rng.normal(size=shape), dtype) for shape in (images, kernel))


def value_and_gradients(conv, x, kernel):
    """Outputs, and the gradients of a weighted sum of them."""

    def total(x, kernel):
        y = conv(x, kernel)
        return jnp.sum(y * jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)), y

    (_, y), gradients = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(x, kernel)
    return y, gradients


@pytest.mark.parametrize(("images", "kernel"), SHAPES)
def test_banded_equals_lax_conv_with_gradients(images, kernel):
    with jax.enable_x64(True):
        ours, truth = (
            jax.jit(lambda x, k, conv=conv: value_and_gradients(conv, x, k))(*drawn(images, kernel))
            for conv in (banded, native)
        )
    assert ours[0].shape == (images[0], images[1] - kernel[0] + 1, images[2] - kernel[1] + 1, kernel[3])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11), ours, truth)


def test_banded_in_float32_and_over_lanes():
    x, kernel = drawn(*SHAPES[1], "float32")
    kernels = jnp.stack([kernel, -2 * kernel])
    lanes = jax.vmap(banded, in_axes=(None, 0))(x, kernels)
    assert lanes.dtype == jnp.float32
    for lane, own in zip(lanes, kernels, strict=True):
        np.testing.assert_allclose(lane, native(x, own), rtol=1e-5, atol=1e-4)


def test_one_output_by_hand():
    """[[1 2 3] [4 5 6] [7 8 9]] with [[1 10] [100 1000]]: 1 + 20 + 400 + 5000; the kernel is not turned round."""
    x = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    kernel = jnp.asarray([[1.0, 10.0], [100.0, 1000.0]]).reshape(2, 2, 1, 1)
    for conv in (banded, native):
        np.testing.assert_array_equal(conv(x, kernel)[0, :, :, 0], [[5421, 6532], [8754, 9865]])


@pytest.mark.parametrize(("backend", "chosen"), [("cpu", "banded"), ("gpu", "native"), ("tpu", "native")])
def test_the_backend_chooses(monkeypatch, backend, chosen):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    for name in ("banded", "native"):
        monkeypatch.setattr(convolution, name, lambda x, kernel, name=name: name)
    assert convolve(*drawn(*SHAPES[0], "float32")) == chosen


@pytest.mark.parametrize(
    ("images", "kernel"),
    [
        ((1, 8, 8, 2), (3, 3, 1, 4)),
        ((1, 2, 8, 1), (3, 3, 1, 4)),
        ((1, 8, 2, 1), (3, 3, 1, 4)),
        ((8, 8, 1), (3, 3, 1, 4)),
    ],
)
def test_what_does_not_fit_is_refused(images, kernel):
    with pytest.raises(UserError, match=r"do not fit a kernel \(3, 3, 1, 4\)"):
        convolve(jnp.ones(images), jnp.ones(kernel))


def test_pooling_margin_and_upsampling():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    corners = np.stack([x[:, i::2, j::2] for i in range(2) for j in range(2)])
    np.testing.assert_allclose(average_pool(x), corners.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(max_pool(x), corners.max(axis=0))
    np.testing.assert_array_equal(upsample(x), np.kron(x, np.ones((1, 2, 2, 1), np.float32)))
    np.testing.assert_array_equal(pad(x, 2), np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))))
