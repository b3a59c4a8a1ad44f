"""Objects that are no models, and models that do not fit: one sentence each."""

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from own_functions import BLOBS, experiment
from own_models import EquinoxNet, LinenNet, NnxNet, keras_net

import nnjax
from nnjax.core.errors import UserError
from nnjax.models.adapters import adapt, output_activation_of
from nnjax.models.registry import make_model


def keras_unbuilt():
    import keras

    return keras.Sequential([keras.layers.Dense(3)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NnxNet(nnx.Rngs(0)), r"NnxNet whose weights are drawn already.*lambda rngs: NnxNet"),
        (lambda: EquinoxNet(jax.random.key(0)), r"EquinoxNet whose weights are drawn already.*lambda key: EquinoxNet"),
        (lambda: LinenNet, r"the class LinenNet: pass a module of it, LinenNet\("),
        (lambda: 3, r"The model is a int 3, but a Flax Linen module.*was expected"),
        (lambda: lambda x: x, r"parameters are \(x\), but"),
        (lambda: (len,), r"The model is a tuple"),
        (lambda: lambda rngs: 3, r"function of rngs makes an array, but an nnx.Module was expected"),
        (lambda: lambda key: 3, r"function of key makes a int, but a module was expected"),
        (keras_unbuilt, r"has no weights yet: begin it with keras.Input"),
    ],
)
def test_no_model(make, words):
    with pytest.raises(UserError, match=words):
        adapt(make())


class Listed(nnx.Module):
    def __init__(self, rngs):
        self.layers = [nnx.Linear(4, 3, rngs=rngs)]


class Stateful(EquinoxNet):
    def __call__(self, x, state, *, key=None):
        z, state = super().__call__(x, state, key=key)
        return z, z, state


def failing(rngs):
    raise RuntimeError("no such file")


def failing_module(key):
    return EquinoxNet(key, *(1, 2, 3))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Listed, r"keeps modules in a plain list, layers, in which Flax .*self\.layers = nnx\.List\(…\)"),
        (failing, r"The model failed: RuntimeError: no such file \(in failing, test_refusals.py"),
        (failing_module, r"The model failed: TypeError: .*takes .* positional arguments .*\(in failing_module"),
        (Stateful, r"The model takes a state and returns \(\w+, \w+, State\), but \(z, state\) was expected"),
    ],
)
def test_factories_that_fail(model, words):
    with pytest.raises(UserError, match=words) as caught:
        nnjax.sweep(experiment(model), data=BLOBS)
    assert "\n" not in str(caught.value)


def test_keras_on_another_backend(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(UserError, match="Keras runs on torch, but nnjax trains Keras models on JAX: set KERAS_BACKEND"):
        adapt(keras_net())


def test_the_activation_that_a_keras_model_ends_in():
    import keras

    def ending(*layers):
        return keras.Sequential([keras.Input((4,)), *layers])

    dense = keras.layers.Dense
    assert output_activation_of(ending(dense(3, "softmax"))) == "softmax"
    assert output_activation_of(ending(dense(3), keras.layers.Softmax())) == "softmax"
    assert output_activation_of(ending(dense(3), keras.layers.Activation("sigmoid"))) == "sigmoid"
    assert output_activation_of(ending(dense(3, "relu"))) == "linear"
    assert output_activation_of(ending(dense(3))) is None
    assert output_activation_of(LinenNet()) is None
    said = nnjax.ModelConfig(ending(dense(1, "sigmoid")), output_activation="linear")
    with pytest.raises(UserError, match=r"ends in sigmoid, but output_activation is linear.*'sigmoid'"):
        make_model(said, 4, 1)
    penalized = ending(dense(3, "softmax", activity_regularizer="l2"))
    with pytest.raises(UserError, match="has an activity_regularizer after its softmax"):
        adapt(penalized)


class Leaks(nn.Module):
    held = []  # noqa: RUF012

    @nn.compact
    def __call__(self, x):
        z = nn.Dense(3)(x)
        self.held.append(z)
        return z + self.held[0] if len(self.held) > 1 else z


class Counts(nn.Module):
    calls = []  # noqa: RUF012

    @nn.compact
    def __call__(self, x):
        self.calls.append(1)
        return len(self.calls) * nn.Dense(3)(x)


class Wide(nn.Module):
    width: int = 7

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Pooled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x).mean(axis=0)


class Images(nn.Module):
    @nn.compact
    def __call__(self, x):
        b, h, w, c = x.shape
        return nn.Dense(3)(x.reshape(b, h * w * c))


def channels_first(key):
    return eqx.nn.Sequential([eqx.nn.Conv2d(1, 2, 1, key=key), eqx.nn.Lambda(jnp.ravel)])


def test_images_for_convolutions_of_equinox():
    images = nnjax.from_arrays(np.zeros((60, 2, 3, 1), np.float32), np.arange(60) % 3)
    with pytest.raises(UserError, match=r"Equinox's convolutions read an example as \[channels, height, width\]"):
        nnjax.sweep(experiment(channels_first), data=images)


def whole(key, x):
    return {"w": jnp.ones((4, 3)), "places": jnp.arange(3)}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ((whole, lambda params, x: x @ params["w"]), r"has weights of the type int32, of which there is no gradient"),
        ((whole, lambda params, x: np.square(x)), r"TracerArrayConversionError"),
        (Wide(), r"yields \[7\] for an example of the shape \[4\], but 3 numbers were expected for 3 classes"),
        (Pooled(), r"The model yields \[3\] for 97 examples, but one output for each, \[97, …\]"),
        (Images(), r"could not be drawn for examples of the shape \(4,\): ValueError: not enough values to unpack"),
        (Leaks(), r"The model keeps a value of one call for the next"),
        (Counts(), r"The model computes something else in every call"),
    ],
)
def test_models_that_do_not_fit(model, words):
    with pytest.raises(UserError, match=words) as caught:
        nnjax.sweep(experiment(model), data=BLOBS)
    assert "\n" not in str(caught.value)
