"""Tiled products against XLA's own convolution, PyTorch's semantics worked by hand, and NumPy's pooling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stepwise import QUICK

from nnjax.core.errors import UserError
from nnjax.models import convolution
from nnjax.models.convolution import average_pool, convolve, flatten, images, join, max_pool, native, split, tiled

# images [channels, h, w, b], kernel, margin, factor, tile: LeNet's two; the convolutional autoencoder's, the third
# with an odd number of rows; sides that differ; a kernel as large as the image; margins of two
FORMS = [
    ((1, 32, 32, 3), (5, 5, 1, 6), 0, 1, 2),
    ((6, 14, 14, 3), (5, 5, 6, 16), 0, 1, 2),
    ((4, 14, 14, 2), (3, 3, 4, 8), 1, 1, 2),
    ((8, 7, 7, 2), (3, 3, 8, 4), 1, 1, 2),
    ((4, 4, 4, 2), (3, 3, 4, 8), 1, 2, 2),
    ((4, 8, 8, 2), (3, 3, 4, 8), 0, 2, 2),
    ((4, 14, 14, 2), (3, 3, 4, 1), 1, 2, 4),
    ((2, 6, 8, 2), (2, 3, 2, 4), 0, 1, 3),
    ((3, 5, 4, 2), (5, 4, 3, 7), 0, 1, 1),
    ((2, 5, 6, 2), (5, 4, 2, 3), 2, 2, 4),
]


def drawn(images, kernel, dtype="float64"):
    rng = np.random.default_rng(0)
    return tuple(jnp.asarray(rng.normal(size=shape).astype(dtype)) for shape in (images, kernel))


def inside(y, rows, columns):
    """Images of phases, without what lies beyond them."""
    return join(y, max(rows, columns))[:, :rows, :columns]


def value_and_gradients(conv, x, kernel, *form):
    """Outputs, and the gradients of a weighted sum of them."""
    margin, factor, _ = form
    rows, columns = (factor * x.shape[i + 1] + 2 * margin - kernel.shape[i] + 1 for i in range(2))

    def total(x, kernel):
        y = inside(conv(x, kernel, *form), rows, columns)
        assert y.shape == (kernel.shape[3], rows, columns, x.shape[3])
        return jnp.sum(y * jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)), y

    (_, y), gradients = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(x, kernel)
    return y, gradients


@pytest.mark.parametrize("form", FORMS)
def test_tiled_equals_lax_conv_with_gradients(form):
    images, kernel, *rest = form
    with jax.enable_x64(True):
        ours, truth = (
            jax.jit(lambda x, k, conv=conv: value_and_gradients(conv, x, k, *rest), compiler_options=QUICK)(
                *drawn(images, kernel)
            )
            for conv in (tiled, native)
        )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11), ours, truth)


def test_native_is_the_plain_convolution_of_larger_images():
    """Against `lax.conv` of what NumPy repeats and pads, channels first; phases in their places."""
    x, kernel = drawn((2, 4, 5, 3), (3, 3, 2, 4), "float32")
    y = np.asarray(jax.jit(native, static_argnums=(2, 3, 4))(x, kernel, 1, 2, 2))
    large = np.pad(np.kron(x, np.ones((1, 2, 2, 1), np.float32)), ((0, 0), (1, 1), (1, 1), (0, 0)))
    truth = np.asarray(jax.lax.conv(large.transpose(3, 0, 1, 2), np.transpose(kernel, (3, 2, 0, 1)), (1, 1), "VALID"))
    assert y.shape == (2, 2, 4, 4, 5, 3)
    for p in range(2):
        for q in range(2):
            own = truth[:, :, p::2, q::2].transpose(1, 2, 3, 0)
            np.testing.assert_allclose(y[p, q], own, rtol=1e-5, atol=1e-5)


def test_tiled_in_float32_and_over_lanes():
    x, kernel = drawn(*FORMS[1][:2], "float32")
    kernels = np.stack([kernel, -2 * np.asarray(kernel)])
    lanes = np.asarray(jax.jit(jax.vmap(tiled, in_axes=(None, 0)))(x, kernels))
    assert lanes.dtype == jnp.float32
    for lane, own in zip(lanes, kernels, strict=True):
        np.testing.assert_allclose(lane, jax.jit(native)(x, own), rtol=1e-5, atol=1e-4)


def test_one_output_by_hand():
    """[[1 2 3] [4 5 6] [7 8 9]] with [[1 10] [100 1000]]: 1 + 20 + 400 + 5000; the kernel is not turned round."""
    x = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    kernel = np.float32([[1, 10], [100, 1000]]).reshape(2, 2, 1, 1)
    for conv in (tiled, native):
        np.testing.assert_array_equal(
            np.asarray(jax.jit(conv)(x, kernel))[:, :, 0, 0, 0, 0], [[5421, 6532], [8754, 9865]]
        )


@pytest.mark.parametrize(("backend", "chosen"), [("cpu", "tiled"), ("gpu", "native"), ("tpu", "native")])
def test_the_backend_chooses(monkeypatch, backend, chosen):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    for name in ("tiled", "native"):
        monkeypatch.setattr(convolution, name, lambda x, kernel, *form, name=name: (name, *form))
    assert convolve(*drawn(*FORMS[0][:2], "float32"), 1, 2, 4) == (chosen, 1, 2, 4)


@pytest.mark.parametrize(
    ("images", "kernel", "margin"),
    [
        ((2, 8, 8, 1), (3, 3, 1, 4), 0),
        ((1, 2, 8, 1), (3, 3, 1, 4), 0),
        ((1, 8, 2, 1), (3, 3, 1, 4), 0),
        ((1, 8, 2, 1), (3, 9, 1, 4), 3),
        ((8, 8, 1), (3, 3, 1, 4), 0),
    ],
)
def test_what_does_not_fit_is_refused(images, kernel, margin):
    with pytest.raises(UserError, match=r"do not fit a kernel \(3, \d, 1, 4\)"):
        convolve(jnp.ones(images), jnp.ones(kernel), margin)


def test_layouts():
    """Examples to images and back; images to phases and back, zero beyond an odd side."""
    rows = np.arange(2 * 18).reshape(2, 18)
    x = images(jnp.asarray(rows), 3)
    np.testing.assert_array_equal(x, rows.reshape(2, 3, 3, 2).transpose(3, 1, 2, 0))
    np.testing.assert_array_equal(flatten(x), rows)
    y = split(x, 2)
    assert y.shape == (2, 2, 2, 2, 2, 2)
    np.testing.assert_array_equal(y[1, 0, :, 0], x[:, 1, ::2])
    assert not np.any(y[1, :, :, 1])
    np.testing.assert_array_equal(join(y, 3), x)


def test_pooling():
    x = np.random.default_rng(0).normal(size=(3, 4, 6, 2)).astype(np.float32)
    corners = np.stack([x[:, i::2, j::2] for i in range(2) for j in range(2)])
    phases = split(jnp.asarray(x), 2)
    np.testing.assert_allclose(average_pool(phases), corners.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(max_pool(phases), corners.max(axis=0))


def test_gradient_of_the_maximum_is_shared_as_by_jnp_max():
    """Small whole numbers, so that windows have one to four largest pixels."""
    x = jnp.asarray(np.random.default_rng(0).integers(0, 3, size=(2, 2, 3, 4, 4, 2)), jnp.float32)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=x.shape[2:]), jnp.float32)
    ours, truth = (
        jax.jit(jax.grad(lambda x, f=f: jnp.sum(weights * f(x))))(x) for f in (max_pool, lambda x: x.max(axis=(0, 1)))
    )
    assert {1, 2, 3, 4} == set(np.unique((x == x.max(axis=(0, 1))[None, None]).sum(axis=(0, 1))))
    np.testing.assert_allclose(ours, truth, rtol=1e-6)
