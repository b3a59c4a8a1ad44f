"""How own models are told their mode, what they do not read, how they fail in evaluation, and which `load` takes."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.fields import replace, resolve_path
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.models.adapters import modes
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype(np.float32)
DATA = nnjax.from_arrays(X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0), name="three")
QUIET = {"data": DATA, "log": lambda text: None}


@pytest.mark.parametrize("name", ["train", "training", "is_training", "is_train", "istraining", "isTrain"])
def test_names_that_are_true_in_training(name):
    assert modes.mode([name, "width"], True) == {name: True}
    assert modes.mode([name], False) == {name: False}


@pytest.mark.parametrize(
    "name",
    ["deterministic", "use_running_average", "inference", "eval_mode", "test", "is_test", "is_eval", "eval", "testing"],
)
def test_names_that_are_true_in_evaluation(name):
    assert modes.mode([name], True) == {name: False}
    assert modes.mode([name], False) == {name: True}


def test_what_looks_like_a_mode_is_refused():
    def call(x, width=3, phase_train=False, hyper=None):
        return x

    with pytest.raises(UserError, match=r"argument phase_train=False, which looks as if.*name it train or determin"):
        modes.arguments(call, True, {})
    with pytest.raises(UserError, match=r"argument mode='train', which looks"):
        modes.arguments(lambda x, mode="train": x, True, {})
    assert modes.arguments(lambda x, normalize=True, is_train=False: x, True, {}) == {"is_train": True}


class Net(nn.Module):
    act: str = "relu"
    fixed: str = ""

    @nn.compact
    def __call__(self, x, is_train=False):
        x = getattr(nn, self.act)(nn.Dense(8)(x))
        if self.fixed == "norm":
            x = nn.BatchNorm(use_running_average=False)(x)
        return nn.Dense(3)(nn.Dropout(0.5, deterministic=not is_train and self.fixed != "dropout")(x))


@pytest.mark.parametrize(
    ("fixed", "words"),
    [
        ("norm", "changes its state there too .*use_running_average=False"),
        ("dropout", "draws random numbers"),
    ],
)
def test_models_that_cannot_be_evaluated(fixed, words):
    with pytest.raises(UserError, match=f"trains but cannot be evaluated.*{words}") as caught:
        nnjax.sweep(Experiment(model=Net(fixed=fixed), epochs=1), **QUIET)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("widths", (8,)), ("activation", "tanh"), ("kernel_init", "he_normal")])
def test_fields_that_an_own_model_does_not_read(name, value):
    with pytest.raises(UserError, match=rf"model.{name} is .*the model Net is your own and does not read it"):
        nnjax.sweep(Experiment(model=Net()), {name: [value]}, **QUIET)
    with pytest.raises(UserError, match=rf"model.{name} is "):
        nnjax.sweep(Experiment(model=ModelConfig(Net(), **{name: value})), **QUIET)


def test_an_own_hyperparameter_is_an_axis_by_its_name():
    base = Experiment(hyperparameters=Hyperparameters(gain=1.0))
    found = [dict(s.experiment.hyperparameters.others)["gain"] for s in expand(base, Space({"gain": [0.5, 2.0]}))]
    assert found == [0.5, 2.0]
    assert dict(replace(base, {"gain": 3}).hyperparameters.others) == {"gain": 3.0}
    with pytest.raises(UserError, match=r"Unknown field 'gain'; .*is written hyperparameters.gain"):
        resolve_path("gain")


@pytest.mark.slow
def test_a_model_of_equal_shapes_and_another_program_is_no_model_of_the_run(tmp_path):
    run = nnjax.sweep(Experiment(model=Net(), epochs=2, batch_size=16), workdir=tmp_path / "run", **QUIET)
    again = nnjax.load(tmp_path / "run", model=Net())
    w = run.params(0)
    hidden = np.maximum(X @ np.asarray(w["Dense_0"]["kernel"]) + np.asarray(w["Dense_0"]["bias"]), 0)
    z = hidden @ np.asarray(w["Dense_1"]["kernel"]) + np.asarray(w["Dense_1"]["bias"])
    np.testing.assert_array_equal(again.predict(X, 0), z.argmax(axis=1))
    with pytest.raises(UserError, match="The model is not the one that the run was trained with"):
        nnjax.load(tmp_path / "run", model=Net(act="tanh"))
    assert run.outputs(X[:0], 0).shape == (0, 3)
    assert run.predict(X[:0], 0).shape == (0,)
    assert run.predict_proba(X[:0], 0).shape == (0, 3)


@pytest.mark.slow
def test_of_several_models_the_one_that_is_passed(tmp_path):
    space = {"model.kind": [Net(), Net(act="tanh")]}
    nnjax.sweep(Experiment(epochs=1, batch_size=16), space, workdir=tmp_path / "run", **QUIET)
    again = nnjax.load(tmp_path / "run", model=Net(act="tanh"))
    assert again.predict(X, 1).shape == (80,)
    with pytest.raises(UserError, match="not imported from a run folder"):
        again.predict(X, 0)


class Image(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(jnp.reshape(x, (x.shape[0], -1)))


def test_the_shape_that_images_have_is_said():
    x = RNG.uniform(size=(40, 8, 8, 1)).astype(np.float32)
    data = nnjax.from_arrays(x, np.arange(40) % 2, name="images")
    run = nnjax.sweep(Experiment(model=Image(), epochs=1, batch_size=8), data=data, log=lambda text: None)
    with pytest.raises(UserError, match=r"have shape \(8, 8, 1\), but \(n, 8, 8, 1\) was expected"):
        run.predict(x[0], 0)
    assert run.predict(x[:0], 0).shape == (0,)
