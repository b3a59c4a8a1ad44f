"""Networks of different architectures in one program: each trains as it does alone, and what it lacks stays zero."""

import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from populations import CLASSIFIER, blobs, resolve
from stepwise import QUICK

from nnjax.core.experiment import ModelConfig, OptimizerConfig
from nnjax.core.fields import replace
from nnjax.data import prepare_loaded
from nnjax.models.envelope import Envelope, envelope_of, in_envelope, may_share, own_params
from nnjax.models.envelope_json import envelope_from_json
from nnjax.nn import optimizers
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import KERNEL_INITS
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.nn.schedules import SCHEDULES
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import Batch
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.evaluation import finish_epoch
from nnjax.train.engine.state_shapes import traced_values
from nnjax.train.engine.trial import Trial

DATA = blobs()
SHAPES_OF = prepare_loaded(DATA, CLASSIFIER.data)
ACTIVATION_NAMES = [name for name, record in ACTIVATIONS.items() if not record.distribution]


def member(widths=(5,), optimizer="sgd", schedule="constant", **changes):
    """A trial of a population, with every number that its optimizer and schedule need."""
    experiment = dataclasses.replace(
        CLASSIFIER,
        model=ModelConfig("mlp", widths=widths, output_activation="softmax"),
        optimizer=OptimizerConfig(optimizer, schedule=schedule),
    )
    return optimizers.resolve(resolve(replace(experiment, {"learning_rate": 0.05, **changes}), DATA))


def batches(steps, scale=1.0):
    """Batches [steps, 8, ...] of the blobs, the last one with padding."""
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(DATA.x), (steps, 8))
    w = np.ones((steps, 8), np.float32)
    w[-1:, 5:] = 0
    return Batch(
        jnp.asarray(scale * DATA.x[index]), jax.nn.one_hot(DATA.y[index], 3), jnp.asarray(w), jnp.asarray(DATA.y[index])
    )


def trained(members, envelope, given, seed=3):
    """Train each of some trials on the same batches: in an envelope side by side, or with None one after another.

    Returns the states before and after, each a list.
    """
    steps = len(given.w)

    def run(trial, hyper):
        start = trial.init(hyper, jnp.uint32(seed))
        each = lambda state, batch: (training_step.step(trial, hyper, state, batch, jnp.int32(steps)), None)  # noqa: E731
        return start, jax.lax.scan(each, start, given)[0]

    def call(function, *args):
        return jax.jit(function, compiler_options=QUICK)(*args)

    if envelope is None:
        out = []
        for one in members:
            trial = Trial(one.program_key, make_shapes(one, SHAPES_OF))
            hyper = {name: jnp.float32(value) for name, value in one.hyperparameters.present().items()}
            out.append(call(lambda hyper, trial=trial: run(trial, hyper), hyper))
        return out
    shapes = dataclasses.replace(make_shapes(members[0], SHAPES_OF), envelope=envelope)
    trial = Trial(envelope.experiment(members[0].program_key), shapes)
    rows = [traced_values(one, shapes) for one in members]
    hyper = {name: jnp.array([row[name] for row in rows], jnp.float32) for name in rows[0]}
    both = call(jax.vmap(lambda hyper: run(trial, hyper)), hyper)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], both) for i in range(len(members))]


def assert_alike(members, given, rtol=1e-5, envelope=None):
    """Hold each trial of an envelope against its own network alone, and what it lacks against zero."""
    envelope = envelope or envelope_of(members)
    together, alone = trained(members, envelope, given), trained(members, None, given)
    for one, (before, after), (start, end) in zip(members, together, alone, strict=True):
        for state, own in ((before, start), (after, end)):
            cut = own_params(envelope, one.model, state.params)
            close = functools.partial(np.testing.assert_allclose, rtol=rtol, atol=rtol, err_msg=str(one))
            jax.tree.map(close, cut, own.params)
            assert_zero_outside(envelope, one, state.params)
        np.testing.assert_allclose(after.loss_sum, end.loss_sum, rtol=rtol)
        assert int(after.bad_step) == int(end.bad_step)
    return together


def assert_zero_outside(envelope, one, params):
    """What is not the trial's own is zero, bit for bit: an array with its own alone is the same array."""
    again = in_envelope(envelope, one.model, jax.tree.map(np.asarray, own_params(envelope, one.model, params)), params)
    jax.tree.map(np.testing.assert_array_equal, again, params)


def usual_rate(optimizer):
    return OPTIMIZERS[optimizer].presets["optax"]["learning_rate"]


def pairs():
    """Each activation with an optimizer, each optimizer with an activation."""
    size = max(len(ACTIVATION_NAMES), len(OPTIMIZERS))
    return [(ACTIVATION_NAMES[i % len(ACTIVATION_NAMES)], list(OPTIMIZERS)[i % len(OPTIMIZERS)]) for i in range(size)]


def test_each_activation_and_each_optimizer_beside_all_others():
    widths = [(3,), (5, 4), (7,), (2, 6, 3), (4, 4)]
    members = [
        member(
            widths[i % len(widths)],
            optimizer,
            activation=activation,
            learning_rate=usual_rate(optimizer),
        )
        for i, (activation, optimizer) in enumerate(pairs())
    ]
    assert_alike(members, batches(4))


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
def test_each_activation_with_each_optimizer(activation):
    members = [
        member(
            (3 + i, 4)[: 1 + i % 2],
            optimizer,
            activation=activation,
            learning_rate=usual_rate(optimizer),
        )
        for i, optimizer in enumerate(OPTIMIZERS)
    ]
    other = member((6, 6, 6), activation="relu" if activation != "relu" else "tanh")
    assert_alike(members, batches(4), envelope=envelope_of([*members, other]))


@pytest.mark.slow
def test_each_initializer_starts_as_alone():
    members = [member((10 + i,), **{"model.kernel_init": name}) for i, name in enumerate(KERNEL_INITS)]
    envelope, given = envelope_of(members), batches(0)
    together, alone = trained(members, envelope, given), trained(members, None, given)
    for one, (drawn, _), (own, _) in zip(members, together, alone, strict=True):
        cut = own_params(envelope, one.model, drawn.params)
        jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-6), cut, own.params)
    kernels = [own.params["layer_0"]["kernel"][:, :3] for own, _ in alone]
    assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == len(members)


def test_each_schedule_goes_its_way():
    members = [member((3,), schedule=name) for name in SCHEDULES]
    assert_alike(members, batches(9))


LACKED = (
    {"clip_norm": 0.01, "weight_decay": 0.3},
    {"l1": 0.05, "l2": 0.05},
    {"dropout": 0.5, "label_smoothing": 0.3, "init_scale": 3.0},
)


def test_hyperparameters_that_others_lack_change_nothing_of_theirs():
    plain = member((4,), activation="softplus")  # whose padding would count in a norm: f(0) is not 0
    members = [plain, *(member((3,), activation="softplus", **some) for some in LACKED)]
    together = assert_alike(members, batches(5))
    losses = {round(float(after.loss_sum), 4) for _, after in together}
    assert len(losses) == len(members)  # and each does something


def test_padding_is_zero_after_a_hundred_steps_without_epsilon():
    """Adam, RMSprop and Adagrad with ε = 0 divide 0 by 0 where there is no weight."""
    names = ("adam", "adamw", "rmsprop", "adagrad", "adadelta")
    members = [member((2 + i,), name, epsilon=0.0, activation="softplus") for i, name in enumerate(names)]
    envelope = envelope_of([*members, member((8, 8), "momentum", activation="step")])
    for one, (_, after) in zip(members, trained(members, envelope, batches(100)), strict=True):
        assert_zero_outside(envelope, one, after.params)
        own = own_params(envelope, one.model, after.params)
        assert one.optimizer.name == "adadelta" or all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(own))


def test_only_trials_with_patience_lose_it():
    """Both have found nothing yet: at epoch 5 a patience of 2 has ended, at epoch 2 it has not."""
    members = [member((3,)), member((4,), patience=2)]
    shapes = dataclasses.replace(make_shapes(members[0], SHAPES_OF), envelope=envelope_of(members))
    trial = Trial(shapes.envelope.experiment(members[0].program_key), shapes)
    rows = [traced_values(one, shapes) for one in members]
    data = jax.tree.map(jnp.asarray, make_device_data(members[0], SHAPES_OF))
    hyper = {name: jnp.array([row[name] for row in rows], jnp.float32) for name in rows[0]}

    def best_epoch(hyper, epoch):
        state = trial.init(hyper, jnp.uint32(0))._replace(weight_sum=jnp.float32(1))
        return finish_epoch(trial, hyper, data, state, epoch)[0].best_epoch

    each = jax.jit(jax.vmap(best_epoch, (0, None)), compiler_options=QUICK)
    assert each(hyper, jnp.int32(5)).tolist() == [5, 0]
    assert each(hyper, jnp.int32(2)).tolist() == [2, 2]


def test_huge_inputs_leave_no_trace_of_activations_that_are_not_used():
    """At z = 1e20 the derivative of gelu is inf · 0; a relu beside it has a gradient all the same."""
    members = [member((4,), activation=name, learning_rate=1e-30) for name in ("relu", "gelu", "softplus", "tanh")]
    together = assert_alike(members, batches(3, 1e20), rtol=1e-4)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(together[0][1].params))


@pytest.mark.slow
def test_divergence_comes_at_the_same_step_and_spares_the_neighbors():
    members = [member((4,), learning_rate=rate, activation="linear") for rate in (1e12, 0.05)] + [
        member((5, 3), "adam", learning_rate=0.01)
    ]
    tame = [members[1], *members[1:]]  # as many lanes
    _, *together = assert_alike(tame, batches(30), envelope=envelope_of(members))
    assert all(int(after.bad_step) == 0 for _, after in together)
    [(_, wild), *rest] = trained(members, envelope_of(members), batches(30))
    [(_, alone)] = trained(members[:1], None, batches(30))
    assert int(wild.bad_step) == int(alone.bad_step) > 0
    for (_, one), (_, other) in zip(rest, together, strict=True):
        jax.tree.map(np.testing.assert_array_equal, one.params, other.params)


def test_weights_come_out_and_go_in_again():
    members = [member((3,)), member((5, 4)), member((2, 2, 7))]
    envelope = envelope_of(members)
    assert envelope.widths == (5, 4, 7)  # (3, 3, 3), (5, 4, 4), (2, 2, 7)
    for one, (before, _) in zip(members, trained(members, envelope, batches(1)), strict=True):
        own = own_params(envelope, one.model, before.params)
        shapes = [own[f"layer_{i}"]["kernel"].shape for i in range(len(own))]
        assert shapes == list(zip((4, *one.model.widths), (*one.model.widths, 3), strict=True))
        shapes_of = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), before.params)
        assert jax.tree.map(np.shape, own) == jax.tree.map(
            lambda leaf: leaf.shape, own_params(envelope, one.model, shapes_of)
        )


def test_an_envelope_says_what_it_holds_and_survives_json():
    members = [member((3,), clip_norm=1.0), member((5, 4), "adam", activation="tanh")]
    envelope = envelope_of(members)
    assert envelope == Envelope(
        widths=(5, 4),
        passed=(5, 4),
        depths=(1, 2),
        activations=("relu", "tanh"),
        kernel_inits=("glorot_uniform",),
        optimizers=(("adam", "optax"), ("sgd", "optax")),
        schedules=("constant",),
        hyperparameters=("learning_rate", "b1", "b2", "epsilon", "clip_norm"),
        optional=("b1", "b2", "epsilon", "clip_norm"),
    )
    assert envelope_from_json(json.loads(json.dumps(dataclasses.asdict(envelope)))) == envelope
    assert all(map(envelope.holds, members))
    for other in (
        member((6,)),
        member((3, 3, 3)),
        member((3,), activation="elu"),
        member((3,), "momentum"),
        member((3,), schedule="cosine"),
        member((3,), dropout=0.1),
    ):
        assert not envelope.holds(other)


def own_optimizer(learning_rate):
    import optax

    return optax.sgd(learning_rate)


def own_objective(apply, variables, batch, *, key, hyper):
    z, state = apply(variables, batch.x, key=key, hyper=hyper)
    return jnp.sum(z, -1), state, {}


def test_what_cannot_be_in_an_envelope():
    assert may_share(member())
    for one in (
        replace(member(), {"activation": "softmax"}),
        replace(member(), {"model.widths": ()}),
        replace(member(), {"signals": True}),
        replace(member(), {"model.trainable": ("layer_0",)}),
        dataclasses.replace(member(), optimizer=own_optimizer),
        dataclasses.replace(member(), model=ModelConfig("lenet5_modern")),
        replace(member(), {"hyperparameters.ema_decay": 0.9}),
        replace(member(), {"loss": own_objective}),
    ):
        assert not may_share(one)
