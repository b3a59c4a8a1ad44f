"""One trial against arithmetic done by hand and against a plain NumPy loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from populations import CLASSIFIER, blobs, line, population, specs_of

from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays, prepare_loaded
from nnjax.models.model import Variables
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import epoch_rows, random_order
from nnjax.train.engine.device_data import fixed_subset, make_device_data, make_shapes
from nnjax.train.engine.trial import Trial

LINEAR = Experiment(
    data=DataConfig("line", validation=6, test=0, scaling="none", stratify=False),
    model=ModelConfig("mlp", widths=(), output_activation="linear"),
    optimizer=OptimizerConfig("sgd"),
    hyperparameters=Hyperparameters(learning_rate=0.05),
    loss="mean_squared_error",
    batch_size=5,
    eval_batch_size=4,
    epochs=3,
    shuffle=False,
    train_eval_size=None,
)


def test_one_update_by_hand():
    # w = 2, b = 1, x = 3, y = 5: z = 7, loss (7 - 5)^2 = 4, dloss/dz = 2 * 2 = 4, dw = 12, db = 4.
    # SGD with rate .1: w = 2 - 1.2 = .8, b = 1 - .4 = .6.
    dataset = from_arrays(np.array([[3.0]], np.float32), np.array([[5.0]], np.float32))
    experiment = replace(LINEAR, {"validation": 0, "batch_size": 1, "learning_rate": 0.1})
    prepared = prepare_loaded(dataset, experiment.data)
    trial = Trial(experiment, make_shapes(experiment, prepared))
    hyper = {"learning_rate": jnp.float32(0.1)}
    params = {"layer_0": {"kernel": jnp.array([[2.0]]), "bias": jnp.array([1.0])}}

    def updated(data):
        start = trial.start(hyper, jnp.uint32(0), Variables(params))
        return training_step.step(
            trial, hyper, start, trial.batch(data, jnp.array([0]), jnp.array([True])), jnp.int32(1)
        )

    state = jax.jit(updated)(make_device_data(experiment, prepared))
    np.testing.assert_allclose(state.params["layer_0"]["kernel"], [[0.8]], rtol=1e-6)
    np.testing.assert_allclose(state.params["layer_0"]["bias"], [0.6], rtol=1e-6)
    assert float(state.loss_sum) == 4.0
    assert int(state.step) == 1


def numpy_sgd(x, y, w, b, rate, batch, epochs):
    """Mini-batch gradient descent of a linear map in float64, the last batch smaller: weights and losses."""
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch):
            xb, yb = x[i : i + batch], y[i : i + batch]
            error = xb @ w + b - yb
            total += float((error**2).sum())
            w, b = w - rate * 2 * xb.T @ error / len(xb), b - rate * 2 * error.mean(axis=0)
        losses.append(total / len(x))
    return w, b, losses


def test_curves_equal_a_numpy_loop():
    """17 training examples in batches of 5 (the last of 2): all metrics, without shuffling, against float64."""
    dataset = line()
    trained = population(specs_of(LINEAR), dataset)
    start = trained.layouts.groups[0]
    draw = jax.jit(Trial(start.key, start.shapes).init)
    init = draw({"learning_rate": jnp.float32(0.05)}, jnp.uint32(0)).params["layer_0"]
    [record] = trained.run()
    prepared = prepare_loaded(dataset, LINEAR.data)
    part = {
        name: (dataset.x[i].astype(float), dataset.y[i].astype(float))
        for name, i in (("train", prepared.train), ("val", prepared.validation))
    }
    w, b, losses = np.asarray(init["kernel"], float), np.asarray(init["bias"], float), []
    for epoch in range(3):
        w, b, [loss] = numpy_sgd(*part["train"], w, b, 0.05, 5, 1)
        losses.append(loss)
        for name, curve in (("train", "train_loss_eval"), ("val", "val_loss")):
            x, y = part[name]
            expected = ((x @ w + b - y) ** 2).mean()
            np.testing.assert_allclose(record.curves[curve][epoch], expected, rtol=2e-5)
    np.testing.assert_allclose(record.curves["train_loss"], losses, rtol=2e-5)
    np.testing.assert_allclose(trained.store.load_weights(0)["final/layer_0/kernel"], w, rtol=2e-5)


@pytest.mark.parametrize("eval_batch_size", [pytest.param(1, marks=pytest.mark.slow), 7, 10, 64])
def test_every_example_is_counted_once(eval_batch_size):
    """Ten validation examples in evaluation batches that do and do not divide them."""
    experiment = replace(CLASSIFIER, {"eval_batch_size": eval_batch_size, "epochs": 1})
    run = population(specs_of(experiment))
    [record] = run.run()
    prepared = prepare_loaded(blobs(), experiment.data)
    weights = run.store.load_weights(0)
    x, y = prepared.dataset.x[prepared.validation], prepared.dataset.y[prepared.validation]
    hidden = np.maximum(x @ weights["final/layer_0/kernel"] + weights["final/layer_0/bias"], 0)
    z = hidden @ weights["final/layer_1/kernel"] + weights["final/layer_1/bias"]
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(record.values["val_loss"], -log_p[np.arange(10), y].mean(), rtol=1e-5)
    np.testing.assert_allclose(record.values["val_accuracy"], (z.argmax(axis=1) == y).mean(), rtol=1e-6)


def test_order_is_a_new_permutation_each_epoch_and_a_function_of_seed_and_epoch():
    prepared = prepare_loaded(blobs(), CLASSIFIER.data)
    part = make_device_data(CLASSIFIER, prepared).train
    rows = jax.jit(lambda part, seed, epoch: epoch_rows(True, part, seed, epoch))
    orders = [np.asarray(rows(part, jnp.uint32(s), jnp.int32(e))) for s, e in ((0, 0), (0, 1), (1, 0), (0, 0))]
    for order in orders:
        assert sorted(order[: part.count]) == sorted(prepared.train)
    assert (orders[0] == orders[3]).all()
    assert (orders[0] != orders[1]).any()
    assert (orders[0] != orders[2]).any()


def test_order_does_not_depend_on_the_padding():
    prepared = prepare_loaded(blobs(), CLASSIFIER.data)
    small = make_device_data(CLASSIFIER, prepared).train
    large = make_device_data(replace(CLASSIFIER, {"batch_size": 80}), prepared).train
    rows = jax.jit(lambda part: epoch_rows(True, part, jnp.uint32(3), jnp.int32(2)))
    a, b = (np.asarray(rows(part))[: small.count] for part in (small, large))
    assert large.index.size > small.index.size
    np.testing.assert_array_equal(a, b)


def test_random_orders_are_equally_likely():
    """All 24 of four examples, before one of padding: chi squared with 23 degrees of freedom, p = .001."""
    draw = jax.jit(jax.vmap(lambda seed: random_order(jax.random.key(seed), 5, jnp.int32(4))))
    orders, counts = np.unique(draw(jnp.arange(24_000, dtype=jnp.uint32)), axis=0, return_counts=True)
    assert (orders[:, 4] == 4).all()
    assert len(counts) == 24
    assert ((counts - 1000) ** 2 / 1000).sum() < 49.7


def test_a_long_random_order():
    """Three passes: a permutation, padding last, without correlation to where it began (5 standard errors)."""
    n, count = 70_000, 69_998
    order = np.asarray(jax.jit(lambda: random_order(jax.random.key(0), n, jnp.int32(count)))())
    assert sorted(order[:count]) == list(range(count))
    assert sorted(order[count:]) == [69_998, 69_999]
    assert abs(np.corrcoef(np.arange(count), order[:count])[0, 1]) < 5 / np.sqrt(count)


def test_fixed_subset_is_even_and_whole_when_it_fits():
    index = np.arange(100)
    np.testing.assert_array_equal(fixed_subset(index, 3), [0, 50, 99])
    assert fixed_subset(index, 100) is index
    assert len(fixed_subset(index, 0)) == 0


def test_label_smoothing_and_penalties_by_hand():
    experiment = replace(CLASSIFIER, {"label_smoothing": 0.3, "l1": 0.5, "l2": 0.25})
    trial = Trial(experiment, make_shapes(experiment, prepare_loaded(blobs(), experiment.data)))
    hyper = {name: jnp.float32(v) for name, v in experiment.hyperparameters.present().items()}
    smooth = training_step.smooth_labels(trial, hyper, jnp.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(smooth, [[0.8, 0.1, 0.1]], rtol=1e-6)
    params = {"layer_0": {"kernel": jnp.array([[1.0, -2.0]]), "bias": jnp.array([9.0, 9.0])}}
    # .5 * (1 + 2) + .25 * (1 + 4) = 2.75; biases are not penalized.
    assert float(training_step.penalty(trial, hyper, params)) == 2.75
