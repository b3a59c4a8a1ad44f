"""Optimizers that are not ours: a table of all of Optax's and the laws; factories, contracts, refusals; averages."""

import dataclasses
import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.nn.averaging import eval_params
from nnjax.nn.optimizers import defaults, make_optimizer, optimizer_of, untraceable
from nnjax.nn.schedules import make_schedule
from nnjax.nn.user_optimizers import optax_factory, optax_names

STEPS = {"dog": 200, "simplified_ademamix": 400}  # those that start with tiny steps
RATES = {  # where .05 is not a rate that works on this quadratic
    "adadelta": 30.0, "adagrad": 0.5, "fromage": 0.3, "lars": 20.0, "rprop": 0.01, "sm3": 0.5, "cocob": 1.0,
    "dadapt_adamw": 1.0, "dog": 1.0, "dowg": 1.0, "prodigy": 1.0, "momo": 1.0, "momo_adam": 0.1,
    "optimistic_gradient_descent": 0.02, "schedule_free_sgd": 0.3, "schedule_free_adamw": 0.1, "signum": 0.05,
    "galore": 0.1, "yogi": 0.1, "lbfgs": 1.0, "adafactor": 0.05, "novograd": 0.1, "sophia": 0.1, "radam": 0.2,
    "simplified_ademamix": 0.001,
}  # fmt: skip
REFUSED = {
    "dpsgd": "needs per-example gradients|batch|leading|vmap|failed",
    "schedule_free": "needs base_optimizer, which is no hyperparameter: pass what it makes",
}
SUPPORTED = [name for name in optax_names() if name not in REFUSED]
PARAMS = {"kernel": jnp.asarray([[1.0, -2.0], [0.5, 3.0]], jnp.float32), "bias": jnp.asarray([0.5, -0.5], jnp.float32)}


def loss(params):
    return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(params))


def descend(name, hyper, steps, schedule="constant"):
    optimizer = make_optimizer(name, "optax", hyper, make_schedule(schedule, hyper, steps))

    def body(_, carry):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        extra = {"value": value, "grad": grads, "value_fn": loss, "obj_fn": loss}
        needs = optimizer_of(name).needs
        updates, state = optimizer.update(grads, state, params, **{key: extra[key] for key in needs})
        return optax.apply_updates(params, updates), state

    params, state = jax.lax.fori_loop(0, steps, body, (PARAMS, optimizer.init(PARAMS)))
    return params, state, eval_params(state, params)


def test_the_table_is_of_all_optimizers_of_optax():
    assert len(SUPPORTED) >= 45
    assert {"lion", "lamb", "muon", "prodigy", "schedule_free_adamw", "lbfgs", "sophia"} <= set(SUPPORTED)


# What has no learning rate of its own is passed as what it makes: parts of chains, and optimizers around others.
PARTS = {
    "adaptive_grad_clip", "add_decayed_weights", "add_noise", "apply_every", "apply_if_finite", "centralize",
    "chain", "clip", "clip_by_block_rms", "clip_by_global_norm", "conditionally_mask", "conditionally_transform",
    "differentially_private_aggregate", "ema", "flatten", "freeze", "identity", "inject_hyperparams",
    "inject_stateful_hyperparams", "keep_params_nonnegative", "lookahead", "masked", "measure_with_ema",
    "mechanize", "multi_transform", "named_chain", "normalize", "normalize_by_update_norm", "partition",
    "polyak_sgd", "reduce_on_plateau", "sam", "scale", "selective_transform", "set_to_zero", "snapshot",
    "split_real_and_imaginary", "stateless", "stateless_with_tree_map", "trace", "with_extra_args_support",
    "zero_nans",
}  # fmt: skip


def test_nothing_of_optax_is_forgotten():
    """Whatever makes a transformation is an optimizer of the tables here, a rule inside one, or one of PARTS."""

    def makes(thing):
        try:
            return "GradientTransformation" in str(inspect.signature(thing).return_annotation)
        except (TypeError, ValueError):
            return False

    public = [*vars(optax).items(), *vars(optax.contrib).items()]
    making = {name for name, thing in public if name[0] != "_" and callable(thing) and makes(thing)}
    others = {name for name in making - {*SUPPORTED, *REFUSED} if not name.startswith("scale_by_")}
    assert others == PARTS
    for name in ("sam", "lookahead", "inject_hyperparams", "optax.contrib.reduce_on_plateau"):
        with pytest.raises(
            UserError, match=rf"but optax\..*{name.split('.')[-1]} has no learning_rate .*pass what it makes"
        ):
            nnjax.sweep(nnjax.Experiment(optimizer=name), data=(np.zeros((9, 2)), np.arange(9) % 2))


X = np.random.default_rng(0).normal(size=(96, 4)).astype(np.float32)
CLASSES = (X[:, 0] * X[:, 1] > 0).astype(int)
QUICK = ("muon",)  # the others in lanes, without the trainer


def swept(optimizer, axes, epochs=4):
    experiment = nnjax.Experiment(
        model=nnjax.ModelConfig(widths=(6,)),
        optimizer=nnjax.OptimizerConfig(optimizer),
        epochs=epochs,
        batch_size=32,
        train_eval_size=0,
        data=nnjax.DataConfig(validation=0.2, test=0),
    )
    run = nnjax.sweep(experiment, axes, data=(X, CLASSES))
    assert {record.status for record in run.records} == {"done"}
    return run


@pytest.mark.filterwarnings("ignore:Specifying a key", "ignore:.optimistic_adam. is deprecated")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SUPPORTED]
)
def test_each_trains_a_network_in_a_sweep(name):
    """Two traced learning rates, in one program: the loss stays finite, and the weights differ."""
    rate = RATES.get(name, 0.05)
    run = swept(name, {"learning_rate": [0.1 * rate, rate]}, epochs=2)
    assert np.isfinite([record.curves["train_loss"] for record in run.records]).all()
    one, two = (jax.tree.leaves(run.params(trial)) for trial in range(2))
    assert any(np.any(a != b) for a, b in zip(one, two, strict=True))


def labels(params):
    return jax.tree.map(lambda leaf: "matrix" if leaf.ndim > 1 else "vector", params)


def vectors(params):
    return jax.tree.map(lambda leaf: leaf.ndim == 1, params)


READY = {
    "sam": lambda: optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.05), sync_period=2),
    "plateau": lambda: optax.chain(optax.adam(1e-2), optax.contrib.reduce_on_plateau(patience=1)),
    "MultiSteps": lambda: optax.MultiSteps(optax.adam(1e-2), 3),
    "inject": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=optax.cosine_decay_schedule(1e-2, 10)),
    "masked": lambda: optax.chain(optax.sgd(0.1), optax.masked(optax.set_to_zero(), vectors)),
    "partition": lambda: optax.partition({"matrix": optax.adam(1e-2), "vector": optax.sgd(0.1)}, labels),
    "polyak": optax.polyak_sgd,
    "linesearch": lambda: optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(10)),
    "schedule_free": lambda: optax.contrib.schedule_free(optax.sgd(0.1), learning_rate=0.1),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "partition" else pytest.mark.slow) for n in READY])
def test_ready_ones_train(name):
    [record] = swept(READY[name](), {"seed": [0]}).records
    assert record.curves["train_loss"][-1] < record.curves["train_loss"][0]


def test_labels_of_a_certain_model_are_tried_on_that_model():
    """They do not fit the small weights on which an optimizer is traced first."""
    kinds = {"layer_0": "fast", "layer_1": "slow"}
    optimizer = optax.partition({"fast": optax.adam(1e-2), "slow": optax.set_to_zero()}, kinds)
    experiment = nnjax.Experiment(model=nnjax.ModelConfig(widths=(6,)), optimizer=optimizer, epochs=1, batch_size=32)
    still = nnjax.sweep(experiment, {"seed": [0]}, data=(X, CLASSES))
    assert set(still.params(0)) == set(kinds)
    slow = nnjax.Experiment(model=nnjax.ModelConfig(widths=(6,)), optimizer="sgd", epochs=1, batch_size=32)
    drawn = nnjax.sweep(slow, {"learning_rate": [0.0]}, data=(X, CLASSES)).params(0)
    np.testing.assert_array_equal(still.params(0)["layer_1"]["kernel"], drawn["layer_1"]["kernel"])
    assert np.abs(still.params(0)["layer_0"]["kernel"] - drawn["layer_0"]["kernel"]).max() > 1e-3
    wrong = optax.partition({"fast": optax.adam(1e-2)}, {"hidden": "fast"})
    with pytest.raises(UserError, match=r"The optimizer .* failed on params of 4 arrays"):
        nnjax.sweep(dataclasses.replace(experiment, optimizer=nnjax.OptimizerConfig(wrong)), data=(X, CLASSES))


@pytest.mark.filterwarnings("ignore:Specifying a key", "ignore:.optimistic_adam. is deprecated")
@pytest.mark.parametrize("name", SUPPORTED)
def test_laws(name):
    """It learns in lanes of traced rates; a lane is a solo run; other rates compile nothing; types stay."""
    name = f"optax.{'contrib.' * (not hasattr(optax, name))}{name}"
    compilations = 0

    def run(rate, steps):
        nonlocal compilations
        compilations += 1
        return descend(name, {"learning_rate": rate}, steps)

    last = name.rpartition(".")[2]
    steps, rates = STEPS.get(last, 60), RATES.get(last, 0.05) * jnp.asarray([1.0, 0.7], jnp.float32)
    lanes = jax.jit(jax.vmap(run, in_axes=(0, None)))
    params, state, averaged = lanes(rates, jnp.int32(steps))
    again = lanes(0.9 * rates, jnp.int32(7))
    assert compilations == 1
    assert not np.array_equal(again[0]["kernel"], params["kernel"])
    single = jax.jit(run)(rates[1], jnp.int32(steps))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-3, atol=1e-4), averaged, single[2])
    assert jax.vmap(loss)(averaged).max() < 0.6 * loss(PARAMS)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(params)} == {"float32"}
    assert {leaf.dtype.name for leaf in jax.tree.leaves(state)} <= {"float32", "int32", "uint32", "bool"}


@pytest.mark.parametrize("name", REFUSED)
def test_those_that_cannot_be_used_say_why(name):
    with pytest.raises(UserError, match=REFUSED[name]):
        optimizer_of(name)


def moved(thing, hyper, steps=3, schedule="constant"):
    hyper = {name: jnp.float32(value) for name, value in hyper.items()}
    return jax.jit(lambda hyper: descend(ObjectRef(thing), hyper, steps, schedule)[0])(hyper)


def same(one, other):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-6), one, other)


def plain(optimizer, steps=3):
    @jax.jit
    def run(params):
        state = optimizer.init(params)
        for _ in range(steps):
            with jax.numpy_dtype_promotion("standard"):
                updates, state = optimizer.update(jax.grad(loss)(params), state, params)
            params = optax.apply_updates(params, updates)
        return params

    return run(PARAMS)


def test_hyperparameters_reach_a_factory_by_their_names():
    hyper = {"learning_rate": 0.01, "b1": 0.5, "weight_decay": 0.3}
    same(moved(optax.lion, hyper), plain(optax.lion(0.01, b1=0.5, weight_decay=0.3)))
    partial = functools.partial(optax.adamw, b2=0.5)
    same(moved(partial, hyper), plain(optax.adamw(0.01, b1=0.5, b2=0.5, weight_decay=0.3)))
    assert {"b1", "b2", "weight_decay"} <= set(optimizer_of("lion").reads)
    assert not {"mask", "mu_dtype"} & set(optimizer_of("lion").reads)


def test_a_name_of_ours_is_ours_and_optaxs_is_behind_its_own():
    assert optimizer_of("adam").make is None
    assert optimizer_of("optax.adam").make is not None
    assert optimizer_of(str(ObjectRef(optax.lion))).name == "lion"  # the path in a run folder
    assert optimizer_of("muon").usual_rate == 1e-3
    assert defaults("prodigy", "optax") == {"learning_rate": 1.0}
    assert optimizer_of("lion").required == ("learning_rate",)
    with pytest.raises(UserError, match=r"preset 'keras3'.*it exists in optax"):
        defaults("lion", "keras3")


def chained(hyper, schedule):
    return optax.chain(optax.trace(hyper["momentum"], nesterov=True), optax.scale_by_learning_rate(schedule))


def test_a_function_of_hyperparameters_and_schedule():
    record = optimizer_of(ObjectRef(chained))
    assert (record.reads, record.required) == (("momentum",), ("momentum",))
    same(moved(chained, {"learning_rate": 0.01, "momentum": 0.8}), plain(optax.sgd(0.01, 0.8, nesterov=True)))


def test_a_ready_transformation_reads_nothing():
    record = optimizer_of(ObjectRef(optax.adam(0.01)))
    assert (record.reads, record.reads_rate) == ((), False)
    assert "all its numbers are constants" in record.remark
    same(moved(optax.adam(0.01), {}), plain(optax.adam(0.01)))
    assert optimizer_of(ObjectRef(optax.polyak_sgd())).needs == ("value",)


def test_clipping_and_decay_are_added_where_the_optimizer_has_none():
    hyper = {"learning_rate": 0.01, "weight_decay": 0.1, "clip_norm": 1.0}
    truth = optax.chain(optax.clip_by_global_norm(1.0), optax.sign_sgd(0.01), optax.add_decayed_weights(-0.001))
    same(moved(optax.sign_sgd, hyper), plain(truth))


@pytest.mark.parametrize(
    ("parameter", "traced"),
    [("b1", True), ("ns_steps", False), ("nesterov", False), ("weight_decay", True)],
)
def test_what_a_factory_branches_on_is_no_hyperparameter(parameter, traced):
    reason = untraceable("muon", parameter)
    assert (reason == "") == traced
    assert traced or f"fix it with functools.partial(muon, {parameter}=...)" in reason


def branching(learning_rate, momentum=0.9):
    return optax.sgd(learning_rate, momentum if momentum > 0 else None)


def test_a_branch_on_a_value_is_found_by_tracing():
    assert "branching uses momentum in Python" in untraceable(ObjectRef(branching), "momentum")
    assert untraceable("optax.sgd", "momentum") == ""

    def on_rate(hyper, schedule):
        return optax.sgd(schedule(0)) if hyper["momentum"] > 0 else optax.adam(schedule(0))

    with pytest.raises(UserError, match=r"on_rate failed: TracerBool.*use jnp.where or jax.lax.cond"):
        optimizer_of(ObjectRef(on_rate))


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (3, "The optimizer is 3, but a name, a factory"),
        (optax.scale_by_adam, r"takes \(b1, b2.*pass what it makes \(scale_by_adam\(...\)\)"),
        (lambda hyper, schedule: 3, "made a int, but an optax.GradientTransformation was expected"),
        (optax.lookahead(optax.sgd(0.1), 5, 0.5), "is a lookahead: it needs pairs of fast and slow weights"),
    ],
)
def test_refused(thing, words):
    with pytest.raises(UserError, match=words):
        optimizer_of(ObjectRef(thing))


def test_a_path_that_was_not_imported_has_a_name_only():
    assert optimizer_of("somewhere.rules:mine").name == "mine"
    with pytest.raises(UserError, match=r"was not imported.*optimizer=..."):
        make_optimizer("somewhere.rules:mine", "optax", {}, lambda count: 0.1)


def test_the_average_of_weights():
    """By hand for two steps; before the first step the weights themselves; the training is not changed."""
    hyper = {"learning_rate": jnp.float32(0.25), "ema_decay": jnp.float32(0.9)}
    optimizer = make_optimizer("sgd", "optax", hyper, lambda count: hyper["learning_rate"])
    w, state = jnp.float32(8), optimizer.init(jnp.float32(8))
    assert eval_params(state, w) == 8
    for _ in range(2):  # w: 8, 4, 2
        updates, state = optimizer.update(2 * w, state, w)
        w = optax.apply_updates(w, updates)
    assert w == 2
    assert eval_params(state, w) == pytest.approx((0.1 * 0.9 * 4 + 0.1 * 2) / (1 - 0.81), rel=1e-6)


def test_schedule_free_is_evaluated_at_its_average():
    hyper = {"learning_rate": jnp.float32(0.1)}
    params, state, averaged = jax.jit(lambda hyper: descend("schedule_free_sgd", hyper, 10))(hyper)
    with jax.numpy_dtype_promotion("standard"):
        truth = jax.jit(optax.contrib.schedule_free_eval_params)(state[0], params)
    same(averaged, truth)
    assert not np.allclose(averaged["kernel"], params["kernel"])
    assert eval_params(optax.adam(0.1).init(PARAMS), PARAMS) is PARAMS


def test_every_factory_has_the_signature_that_the_table_counts_on():
    assert all("learning_rate" in inspect.signature(optax_factory(name)).parameters for name in optax_names())
