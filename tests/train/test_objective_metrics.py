"""What an objective reports beside its values: curves and final metrics, weighted means over the parts."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.nn import objectives

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(90, 5)).astype(np.float32)
W = RNG.uniform(0.5, 2.0, size=90).astype(np.float32)


class Encoder(nn.Module):
    """Means and log variances of a code of 2, and the decoder's logits of its mean."""

    def setup(self):
        self.inner, self.outer = nn.Dense(4), nn.Dense(5)

    def both(self, x):
        return tuple(jnp.split(self.inner(x), 2, axis=-1))

    def decode(self, code):
        return self.outer(code)

    def __call__(self, x):
        return self.decode(self.both(x)[0])


NET = Encoder()


def encode(variables, x):
    return NET.apply({"params": variables.params}, x, method="both")


def decode(variables, code):
    return NET.apply({"params": variables.params}, code, method="decode")


def experiment(loss, model=NET):
    return nnjax.Experiment(
        model=nnjax.ModelConfig(model, reconstruct=True),
        loss=loss,
        data=nnjax.DataConfig(scaling="none"),
        epochs=2,
        batch_size=32,
        optimizer="sgd",
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = nnjax.from_arrays(X, sample_weight=W)
    path = tmp_path_factory.mktemp("vae") / "run"
    loss = objectives.negative_elbo(encode, decode)
    return nnjax.sweep(experiment(loss), {"seed": range(2)}, data=data, workdir=path)


def test_the_divergence_is_the_closed_form(run):
    """KL(N(m, v) || N(0, 1)) = (m² + v - 1 - log v) / 2 a number, with the weights of the examples."""
    for trial in range(2):
        params = run.params(trial)["inner"]
        values = run.records[trial].values
        for part, name in (("validation", "val_kl"), ("test", "test_kl"), ("train", "train_kl_eval")):
            rows = getattr(run.data(), part)
            m, log_v = np.split(X[rows] @ params["kernel"] + params["bias"], 2, axis=1)
            kl = 0.5 * (m**2 + np.exp(log_v) - 1 - log_v).sum(axis=1)
            assert values[name] == pytest.approx(np.average(kl, weights=W[rows]), rel=1e-4)
        assert run.records[trial].curves["val_kl"][-1] == pytest.approx(values["val_kl"], rel=1e-5)


def test_the_parts_of_the_loss_are_its_sum(run):
    for record in run.records:
        parts = record.curves["val_kl"] + record.curves["val_reconstruction"]
        np.testing.assert_allclose(record.curves["val_loss"], parts, rtol=1e-5)
    assert {"val_kl", "best_val_kl", "test_reconstruction"} <= set(run.table().columns)
    assert set(nnjax.load(run.store.path).records[0].curves) == set(run.records[0].curves)


def test_trials_are_compared_by_them():
    space = nnjax.Space({"learning_rate": [1e-3, 1e-1]}, halving=nnjax.Halving(metric="val_kl", eta=2))
    found = nnjax.sweep(experiment(objectives.negative_elbo(encode, decode)), space, data=nnjax.from_arrays(X))
    assert sorted(record.epochs for record in found.records) == [1, 2]


def reporting(**more):
    def objective(apply, variables, batch, *, key, hyper):
        z, state = apply(variables, batch.x, key=key, hyper=hyper)
        values = jnp.mean(jnp.square(z - batch.y), axis=1)
        return values, state, {name: function(values) for name, function in more.items()}

    return objective


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mean_squared_error": lambda v: v}, "reports 'mean_squared_error', which is a metric's name"),
        ({"my size": lambda v: v}, "reports 'my size', but the name of a curve, such as 'kl', was expected"),
        ({"size": jnp.mean}, r"returned size as float32\[\].*but one value for each example"),
    ],
)
def test_reports_that_are_refused(more, words):
    with pytest.raises(nnjax.UserError, match=words):
        nnjax.sweep(experiment(reporting(**more)), data=nnjax.from_arrays(X))


def test_an_objective_computes_in_bfloat16_where_the_model_does():
    seen = []

    def apply(params, x):
        seen.append(x.dtype)
        return x @ params["w"]

    pair = (lambda key, x: {"w": jnp.eye(5)}, apply)
    config = nnjax.ModelConfig(pair, reconstruct=True, dtype="bfloat16")
    nnjax.sweep(nnjax.Experiment(model=config, loss=reporting(), epochs=1, batch_size=32), data=nnjax.from_arrays(X))
    assert jnp.bfloat16 in seen


def test_terms_of_a_model_beside_an_objective_are_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(5, kernel_regularizer="l2")])
    with pytest.raises(nnjax.UserError, match=r"adds terms to its loss .* but the objective objective runs it"):
        nnjax.sweep(experiment(reporting(), model), data=nnjax.from_arrays(X))
