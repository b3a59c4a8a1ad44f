"""Laws of the trainer that every optimizer, loss, activation and model must obey, on tiny problems it can learn.

A law takes a `Subject`, trains it in the compiled programs that populations use, and asserts.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from populations import resolve
from stepwise import QUICK

from nnjax.core.experiment import Experiment
from nnjax.core.types import Dataset, TrialState
from nnjax.data import prepare_loaded
from nnjax.models.model import Variables
from nnjax.models.user_models import variables_shapes
from nnjax.train.engine import training_step
from nnjax.train.engine.batches import epoch_rows
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.programs import Program, make_mesh, make_program, place_data
from nnjax.train.engine.trial import Trial

LANES = 4
RATES = (1.0, 0.0, 0.5, 2.0)  # of the lanes, over the subject's own; 0 shows where the loss starts


@dataclasses.dataclass(frozen=True)
class Subject:
    """An experiment on a tiny problem.

    Attributes:
      experiment: with a learning rate that suits it, and a last batch smaller than the rest.
      dataset: the problem.
      factor: at its last epoch the training loss is below this factor of the one at the start.
      quick: compile without optimizing, which takes a third of the time.
    """

    experiment: Experiment
    dataset: Dataset
    factor: float
    quick: bool = False


@functools.cache
def program_of(subject: Subject, lanes: int) -> tuple[Program, object]:
    """The subject's program for some lanes on one device, and its data there."""
    experiment = resolve(subject.experiment, subject.dataset).program_key
    prepared, mesh = prepare_loaded(subject.dataset, experiment.data), make_mesh(1)
    program = make_program(experiment, make_shapes(experiment, prepared), lanes, True, mesh)
    if subject.quick:
        train_segment = jax.jit(program.train_segment, donate_argnums=(2,), compiler_options=QUICK)
        program = program._replace(train_segment=train_segment)
    return program, place_data(make_device_data(experiment, prepared), mesh)


def hyperparameters(subject: Subject, rates, scale=1.0) -> dict[str, np.ndarray]:
    """Values by name, one a lane; learning rates are `rates` times the subject's, all others `scale` times."""
    values = resolve(subject.experiment, subject.dataset).hyperparameters.present()
    rows = {name: np.full(len(rates), value * scale, np.float32) for name, value in values.items()}
    return rows | {"learning_rate": np.float32(values["learning_rate"] * np.asarray(rates))}


def start(trial: Trial, hyper) -> TrialState:
    """A state at weights that NumPy draws, with a leading axis of lanes."""
    rng, lanes = np.random.default_rng(0), len(hyper["learning_rate"])
    shapes = variables_shapes(trial.model, trial.shapes.shape).params
    params = {
        name: {
            "kernel": np.float32(rng.normal(size=w.shape) / np.sqrt(w.size / w.shape[-1])),
            "bias": np.zeros(b.shape, np.float32),
        }
        for name, layer in shapes.items()
        for w, b in [(layer["kernel"], layer["bias"])]
    }
    first = {name: jnp.asarray(values[0]) for name, values in hyper.items()}
    one = trial.start(first, jnp.uint32(0), Variables(params))
    return jax.tree.map(lambda leaf: np.tile(np.asarray(leaf), (lanes,) + (1,) * np.ndim(leaf)), one)


def run(subject: Subject, rates=RATES, scale=1.0, num_steps=10**6):
    """Train one lane for each rate: the final state and {curve: [lanes, epochs]}, as NumPy arrays."""
    program, data = program_of(subject, len(rates))
    hyper = hyperparameters(subject, rates, scale)
    size, epochs = program.trial.experiment.batch_size, subject.experiment.epochs
    total = -(-int(data.train.count) // size) * epochs
    state, curves = program.train_segment(
        data, hyper, start(program.trial, hyper), np.array([num_steps], np.int32), np.array([total], np.int32)
    )
    return jax.tree.map(np.asarray, (state, {name: values[:, :epochs] for name, values in curves.items()}))


train = functools.cache(run)  # laws compare the same results


def lane(results, row):
    """The leaves of one lane."""
    return [leaf[row] for leaf in jax.tree.leaves(results)]


def learns(subject: Subject):
    """The loss falls to a stated factor of that of a neighbor whose rate is 0, which stays where it started."""
    state, curves = train(subject)
    begin, end = curves["train_loss"][1, 0], curves["train_loss"][0, -1]
    assert end < subject.factor * begin
    assert (state.bad_step == 0).all()
    trial = program_of(subject, LANES)[0].trial
    untouched = start(trial, hyperparameters(subject, RATES)).params
    jax.tree.map(np.testing.assert_array_equal, lane(state.params, 1), lane(untouched, 1))


def compiles_once(subject: Subject):
    """Other values of all hyperparameters, and other numbers of steps, take no further compilation."""
    train(subject)
    program, _ = program_of(subject, LANES)
    jitted = getattr(program.train_segment, "jitted", program.train_segment)
    before = jitted._cache_size()
    train(subject, rates=(0.1, 0.2, 0.3, 0.4), scale=0.9, num_steps=5)
    assert jitted._cache_size() == before


def ignores_neighbors(subject: Subject):
    """Equivalence (a): in another lane among other neighbors bitwise the same."""
    one, other = train(subject), train(subject, rates=(0.3, 0.7, 1.0, 1.5))
    for a, b in zip(lane(one, 0), lane(other, 2), strict=True):
        np.testing.assert_array_equal(a, b)


def repeats(subject: Subject):
    """Again: bitwise the same in all lanes."""
    jax.tree.map(np.testing.assert_array_equal, train(subject), run(subject))


def equals_single_steps(subject: Subject):
    """Equivalence (b) without lanes, loops or program: the first epoch as a Python loop of steps, within 1e-5."""
    program, data = program_of(subject, LANES)
    trial, hyper = program.trial, {name: values[0] for name, values in hyperparameters(subject, (1.0,)).items()}
    size, count = trial.experiment.batch_size, int(data.train.count)
    steps = -(-count // size)
    state = jax.tree.map(lambda leaf: leaf[0], start(trial, hyperparameters(subject, (1.0,))))
    rows = epoch_rows(trial.experiment.shuffle, data.train, jnp.uint32(0), jnp.int32(0))

    def advance(data, hyper, state, index, weight, total):
        return training_step.step(trial, hyper, state, trial.batch(data, index, weight), total)

    advance = jax.jit(advance, compiler_options=QUICK)
    for t in range(steps):
        weight = np.arange(t * size, (t + 1) * size) < count
        index = rows[t * size : (t + 1) * size]
        state = advance(data, hyper, state, index, weight, jnp.int32(steps * subject.experiment.epochs))
    assert float(state.weight_sum) == count
    loss = train(subject)[1]["train_loss"][0, 0]
    np.testing.assert_allclose(loss, state.loss_sum / state.weight_sum, rtol=1e-5)


def equals_training_alone(subject: Subject):
    """Equivalence (b): in the solo program all curves are within 1e-5 in the first epoch."""
    together, alone = train(subject)[1], train(subject, rates=(1.0,))[1]
    for name in alone:
        np.testing.assert_allclose(together[name][0, 0], alone[name][0, 0], rtol=1e-5, err_msg=name)


def stays_float32(subject: Subject):
    """Weights, optimizer state and curves are float32, counts 32-bit integers."""
    dtypes = {leaf.dtype.name for leaf in jax.tree.leaves(train(subject))}
    assert dtypes == {"float32", "int32", "uint32"}


LAWS = (learns, compiles_once, ignores_neighbors, repeats, equals_single_steps, stays_float32)
