"""Mistakes in the user's objects: one sentence each, before anything is compiled or a run folder is made."""

import contextlib
import re

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import nnjax
from nnjax.core.fields import import_objects
from nnjax.data import Datasets
from nnjax.nn.optimizers import optimizer_of
from nnjax.spaces.expansion import expand
from nnjax.verify.data_checks import check, resolve_trials

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def crossentropy(y, z):
    return optax.softmax_cross_entropy_with_integer_labels(z, y)


class Unfit(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(5)(x) @ jnp.ones((4, 2))


class Asks(nn.Module):
    @nn.compact
    def __call__(self, x, hyper):
        return nn.Dense(2)(x) * hyper["temperature"]


class Counts(nnx.Module):
    def __init__(self, rngs):
        self.inner, self.calls = nnx.Linear(4, 2, rngs=rngs), 0

    def __call__(self, x):
        self.calls += 1
        return self.inner(x) * self.calls


class Sows(nnx.Module):
    def __init__(self, rngs):
        self.inner, self.norm = nnx.Linear(4, 2, rngs=rngs), nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        self.seen = self.norm(self.inner(x))
        self.held = nnx.Intermediate(self.seen)
        return self.seen


def pair(apply, params=("w",)):
    return lambda key, x: {name: jnp.zeros((4, 2)) for name in params}, apply


def counting():
    calls = []

    def loss(y, z):
        calls.append(1)
        return crossentropy(y, z) * len(calls)

    return loss


def leaking():
    held = []

    def loss(y, z):
        held.append(crossentropy(y, z))
        return held[0] + held[-1]

    return loss


def drifting():
    calls = []

    def score(y, p):
        calls.append(1)
        return p[:, 0] * len(calls)

    return nnjax.Metric(score, maximized=True)


def penalized(apply, variables, batch, *, key, hyper):
    z, state = apply(variables, batch.x, key=key, hyper=hyper)
    return crossentropy(batch.y, z) + hyper["tau"] * (z**2).sum(axis=1), state, {}


def mean_of(apply, variables, batch, *, key, hyper):
    return jnp.mean(apply(variables, batch.x, key=key, hyper=hyper)[0]), variables.state, {}


def needy(hyper, schedule):
    return optax.chain(optax.trace(hyper["mu"]), optax.scale_by_learning_rate(schedule))


def branching(hyper, schedule):
    return optax.sgd(schedule) if hyper["learning_rate"] > 0 else optax.adam(schedule)


def slowing(hyper, t, total):
    return jnp.exp(-hyper["speed"] * t / total)


def metric(function):
    return {"metrics": [nnjax.Metric(function, maximized=True, label="mine")]}


NEITHER = "is set, but neither the"


@pytest.mark.parametrize(
    ("changes", "hyper", "words"),
    [
        ({"model": Unfit()}, {}, r"got \(5,\) and \(4,\) \(in Unfit\.__call__, test_user_objects\.py, line \d+\)\."),
        ({"loss": lambda y, z: jnp.mean(z)}, {}, r"returned float32\[\] for y int32\[32\].*leave out the mean"),
        ({"loss": lambda y, z: z @ jnp.ones(3)}, {}, r"on y int32\[32\], z float32\[32, 2\].*in .*lambda.*line \d+\)"),
        ({"loss": counting()}, {}, r"The loss loss computes something else in every call"),
        ({"loss": leaking()}, {}, r"The loss loss keeps a value of one call for the next"),
        ({"loss": mean_of}, {}, r"The objective mean_of returned values as float32\[\].*leave the mean"),
        ({"loss": penalized}, {}, r"tau is not set, but the objective needs it: set hyperparameters\.tau"),
        ({"loss": penalized}, {"tauu": 1.0}, rf"tauu {NEITHER} objective nor the optimizer .* mean tau\?"),
        ({"loss": penalized}, {"tau": 1.0, "extra": 1.0}, rf"extra {NEITHER} objective nor the optimizer"),
        ({"model": Counts}, {}, r"The model Counts changes its calls in its call, which is lost"),
        ({"model": pair(lambda p, x: (x @ p["w"]).astype(int))}, {}, r"yields int32, of which there is no gradient"),
        ({"model": pair(lambda p, x: x[:, :2], ())}, {}, r"The model has no weights that train"),
        ({"model": lambda key: eqx.nn.MLP(5, 2, 4, 1, key=key)}, {}, r"got \(5,\) and \(4,\) \(in Linear of equinox\)"),
        (
            {"loss": lambda y, z: crossentropy},
            {},
            r"returned a function for .*: it makes a loss, so pass what",
        ),
        ({"optimizer": nnjax.OptimizerConfig("lbfgs", schedule="cosine")}, {}, r"but the schedule cosine needs it"),
        ({"model": Asks()}, {}, r"temperature is not set, but the model needs it"),
        ({"model": Asks()}, {"temprature": 1.0}, rf"temprature {NEITHER} model .* mean temperature\?"),
        ({"model": nn.Dense(2)}, {"dropout": 0.5}, rf"dropout {NEITHER} model nor the optimizer reads it"),
        ({"model": nn.Dense(2)}, {"init_scale": 0.5}, rf"init_scale {NEITHER} model"),
        ({"loss": crossentropy}, {"gamma": 2.0}, rf"gamma {NEITHER} model nor the optimizer reads it"),
        ({"metrics": [lambda y, p: p[:, 0]]}, {}, r"has no direction"),
        (metric(lambda y, p: jnp.mean(p)), {}, r"mine returned float32\[\] for .*, but one value for each"),
        (metric(lambda y, p: p @ jnp.ones(7)), {}, r"The metric mine failed on y int32\[32\], p float32\[32, 2\]"),
        ({"metrics": [drifting()]}, {}, r"The metric score computes something else in every call"),
        ({"optimizer": needy}, {}, r"mu is not set, but needy needs it"),
        ({"optimizer": needy}, {"nu": 0.9}, r"nu=0\.9 is set, but neither the optimizer needy"),
        ({"optimizer": branching}, {}, r"The optimizer branching failed: .*values are traced"),
        ({"optimizer": nnjax.OptimizerConfig("sgd", schedule=slowing)}, {"sped": 1.0}, r"did you mean speed\?"),
    ],
)
def test_one_sentence_before_anything_is_written(changes, hyper, words, tmp_path):
    usual = {"model": nnjax.ModelConfig(widths=(4,)), "epochs": 1, "batch_size": 32}
    experiment = nnjax.Experiment(**usual | changes, hyperparameters=nnjax.Hyperparameters(**hyper))
    with pytest.raises(nnjax.UserError, match=words) as caught:
        nnjax.sweep(experiment, data=(X, Y), workdir=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_loss_may_take_more_outputs_than_targets():
    """The negative log-likelihood of a mean and a variance: two outputs for one target."""

    def likelihood(y, z):
        mean, log_variance = z[:, 0], z[:, 1]
        return 0.5 * (log_variance + jnp.square(jnp.squeeze(y, -1) - mean) / jnp.exp(log_variance))

    experiment = nnjax.Experiment(model=nn.Dense(2), loss=likelihood, metrics=(), epochs=1, batch_size=32)
    run = nnjax.sweep(experiment, data=(X, X[:, 0]))
    kernel, bias = run.params(0)["kernel"], run.params(0)["bias"]
    rows = run.data().validation
    z = X[rows] @ kernel + bias
    truth = 0.5 * (z[:, 1] + (X[rows, 0] - z[:, 0]) ** 2 / np.exp(z[:, 1]))
    assert run.records[0].values["val_loss"] == pytest.approx(truth.mean(), rel=1e-4)


def test_what_a_call_adds_to_an_nnx_module_is_left_out():
    run = nnjax.sweep(nnjax.Experiment(model=Sows, epochs=1, batch_size=32), data=(X, Y))
    assert set(run.variables(0).state) == {"norm"}


def test_lbfgs_searches_its_own_rate():
    """As optax.lbfgs() does, whose state has a line search; without it there is none."""
    sizes = [
        len(jax.tree.leaves(jax.eval_shape(one.init, {"w": jnp.ones(3)})))
        for one in (optimizer_of("lbfgs").make({}, lambda step: None), optax.lbfgs())
    ]
    assert sizes[0] == sizes[1]


def test_hyperparameters_that_a_model_and_an_objective_read_train():
    experiment = nnjax.Experiment(
        model=Asks(),
        loss=penalized,
        hyperparameters=nnjax.Hyperparameters(temperature=2.0, tau=0.1),
        epochs=1,
        batch_size=32,
    )
    assert jax.tree.leaves(nnjax.sweep(experiment, data=(X, Y)).params(0))


class Ends(nn.Module):
    end: str
    k: int = 3

    @nn.compact
    def __call__(self, x):
        return getattr(nn, self.end)(nn.Dense(self.k)(x))


def of_probabilities(y, p):
    return -jnp.log(p[jnp.arange(len(y)), y] + 1e-7)


def brier(y, p):
    return jnp.sum(jnp.square(jax.nn.one_hot(y, p.shape[-1]) - p), axis=-1)


def one_logit(y, z):
    return jnp.logaddexp(0, z[:, 0]) - y * z[:, 0]


CLASSES = np.digitize(X[:, 0], (-0.5, 0.5))
SIGMOID = {"output_activation": "sigmoid"}
TWICE = r"The model yields numbers from 0 to 1, as after softmax or sigmoid, but "


@pytest.mark.parametrize(
    ("model", "loss", "y", "words"),
    [
        (Ends("softmax"), "auto", CLASSES, "categorical_crossentropy expects logits, to which softmax is applied"),
        (Ends("sigmoid"), "auto", CLASSES, "categorical_crossentropy expects logits, to which softmax is applied"),
        (nnjax.ModelConfig(Ends("sigmoid", 1), **SIGMOID), "auto", Y, "binary_crossentropy expects logits, to which s"),
        (Ends("softmax"), crossentropy, CLASSES, "crossentropy expects logits: it learns"),
        (Ends("sigmoid", 1), one_logit, Y, "one_logit expects logits: it learns"),
        (Ends("softmax"), optax.losses.softmax_cross_entropy, CLASSES, "softmax_cross_entropy expects logits"),
        (Ends("softmax"), of_probabilities, CLASSES, ""),
        (Ends("softmax"), brier, CLASSES, ""),
        (Ends("softmax"), "mean_squared_error", CLASSES, ""),
        (Ends("relu"), "auto", CLASSES, ""),
        (Ends("tanh"), "auto", CLASSES, ""),
        (Ends("log_softmax"), "auto", CLASSES, ""),
        (Ends("relu"), crossentropy, CLASSES, ""),
        (Ends("sigmoid", 1), "auto", 1 / (1 + np.exp(-X[:, 0])), ""),
        (Ends("relu", 1), "auto", np.abs(X[:, 0]), ""),
        (nn.Dense(1), "auto", X[:, 0], ""),
        (
            Ends("sigmoid", 1),
            "auto",
            X[:, 0],
            r"yields numbers from 0 to 1 by its last activation, but .* from -2\.\d+",
        ),
        (Ends("relu", 1), "auto", X[:, 0], r"yields numbers above 0 by its last activation"),
    ],
)
def test_outputs_that_are_no_logits(model, loss, y, words):
    datasets = Datasets(nnjax.from_arrays(X, y))
    experiment = import_objects(nnjax.Experiment(model=model, loss=loss, epochs=1))
    _, findings = check(resolve_trials(expand(experiment, nnjax.Space()), datasets), datasets)
    said = [one.sentence for _, one in findings if one.code in ("two-activations", "targets-unreachable")]
    assert len(said) == bool(words)
    if words:
        assert re.search(words, said[0])
        assert said[0].startswith(TWICE) == ("expects" in words)


def test_probabilities_for_a_loss_of_probabilities_are_answers():
    experiment = nnjax.Experiment(model=Ends("softmax"), loss=of_probabilities, epochs=2, batch_size=32)
    run = nnjax.sweep(experiment, data=(X, CLASSES))
    params = run.params(0)["Dense_0"]
    truth = jax.nn.softmax(X @ params["kernel"] + params["bias"])
    np.testing.assert_allclose(run.predict_proba(X), truth, atol=1e-5)


IDS = np.random.default_rng(0).integers(0, 200, size=(60, 3))


class Embeds(nn.Module):
    """As a user writes who knows that inputs come as float32."""

    how: str = "at once"

    @nn.compact
    def __call__(self, x):
        x = {"at once": x, "rounded": jnp.round(x), "first column": x[:, :1]}[self.how].astype(jnp.int32)
        return nn.Dense(2)(nn.Embed(200, 2)(x).mean(axis=1))


@pytest.mark.parametrize(
    ("how", "x", "options", "refused"),
    [
        ("at once", IDS.astype(np.uint8), {}, True),  # divided by 255, all would be 0
        ("first column", IDS.astype(np.uint8), {}, True),
        ("at once", IDS.astype(np.uint8), {"scaling": "none"}, False),
        ("at once", IDS, {}, False),
        ("at once", IDS, {"scaling": "standard"}, True),
        ("rounded", IDS.astype(np.uint8), {}, False),
    ],
)
def test_scaled_inputs_of_a_model_that_wants_whole_numbers(how, x, options, refused):
    experiment = nnjax.Experiment(nnjax.DataConfig(**options), Embeds(how))
    with pytest.raises(nnjax.UserError, match="turns its inputs into whole") if refused else contextlib.nullcontext():
        nnjax.summary(experiment, data=(x, IDS[:, 0] > 99))
    nnjax.summary(experiment, data=nnjax.from_arrays(x, IDS[:, 0] > 99, integers=True))
