"""The laws of a model."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import ModelConfig
from nnjax.core.multi_input import flatten, is_structure, unflatten
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Array, Key, Scalar
from nnjax.models.model import Model, Variables
from nnjax.models.registry import make_model, own_output_shape
from nnjax.models.user_models import refuse_training_only
from nnjax.nn.user_functions import is_random, standard_rules
from nnjax.testing import lanes, laws
from nnjax.testing.randomness import draws

KEY, OTHER = 5, 6  # seeds of two keys


class Subject(NamedTuple):
    """A model and the examples that it is checked on."""

    ref: ObjectRef  # the model, as a name is carried
    model: Model  # adapted
    variables: Variables  # drawn from seed 0
    x: Any  # float32 [b, *shape], or several arrays [b, ...]
    shape: tuple[int, ...]  # of one example
    y: Array | None  # int32 [b] classes, float32 [b, ...] targets, or None
    hyper: Mapping[str, Scalar]  # name -> float32 []

    def apply(self, variables: Variables, x: Any, train: bool, key: Key | None) -> tuple[Array, Any]:
        """Apply the model under JAX's standard rules."""
        with standard_rules():
            return self.model.apply(variables, x, train=train, key=key, hyper=self.hyper)


@laws.in_sentences("The model")
def check_model(
    model: Any, x: Any, y: Any = None, *, loss: Any = None, hyper: Mapping[str, float] | None = None
) -> None:
    """Check a model on some examples, at least two; a dozen will do, and a small model of the kind checks sooner.

    The laws: as wide as the targets ask; float32 in, float32 out; no tracer leaks, no Python state; weights drawn from
    the key; evaluation needs no key and keeps the state; random numbers change with the step; no example changes
    another's output (in training where the model has no state), nor does its place or the size of the batch; the
    gradient that finite differences give; and in the trainer: in lanes as alone, to 1e-5, the same bits in another
    lane, no value from another lane, one compilation.

    Args:
      model: as in `nnjax.Experiment`: a module, a function that draws one, a `keras.Model`, or (init, apply).
      x: [b, *shape] inputs, or several arrays (`nnjax.from_arrays`).
      y: [b] class indices or [b, ...] targets; None where any outputs will do.
      loss: to train with; None for cross-entropy with classes, else the mean square.
      hyper: hyperparameters that the model reads, by name.

    Raises:
      UserError: a law is broken: which, and the numbers.
    """
    rows, shape = _examples(x)
    x = unflatten(rows, shape)
    ref, numbers = ObjectRef(model), {name: jnp.float32(value) for name, value in (hyper or {}).items()}
    config = ModelConfig(ref, output_activation="linear")
    own = make_model(config, shape, 1)
    subject = Subject(ref, own, _draw(own, x, numbers), x, shape, _targets(y), numbers)
    refuse_training_only(own, subject.variables, x)
    _require_dtypes(subject)
    program = laws.require_pure(
        "The model", lambda v, x, key: subject.apply(v, x, True, key), subject.variables, x, jax.random.key(KEY)
    )
    with standard_rules():
        _require_width(subject, own_output_shape(config, shape))
    evaluate = jax.jit(lambda v, x: subject.apply(v, x, False, None))
    train = jax.jit(lambda v, x, key: subject.apply(v, x, True, key))
    _require_evaluation(subject, evaluate)
    _require_independent("evaluation", subject, lambda x: evaluate(subject.variables, x)[0])
    _require_places(subject, lambda x: evaluate(subject.variables, x)[0])
    if not jax.tree.leaves(subject.variables.state):
        _require_independent("training", subject, lambda x: train(subject.variables, x, jax.random.key(KEY))[0])
    _require_fresh_noise(subject, program, train, evaluate)
    _require_gradient(subject)
    lanes.require_lanes(subject.ref, subject.variables, rows, shape, subject.y, loss, numbers)


def _examples(x: Any) -> tuple[Array, tuple[int, ...]]:
    """Read examples as rows float32 [b, d], and the shape of one."""
    if is_structure(x):
        found, structure = flatten(x, "x")
        shape: tuple[int, ...] = structure
    else:
        found = np.asarray(x, np.float32)
        laws.require(found.ndim > 1, f"x is {list(found.shape)}, but at least two examples [b, ...] were expected.")
        shape = found.shape[1:]
    laws.require(len(found) > 1, f"x has {len(found)} examples, but at least two [b, ...] were expected.")
    return jnp.asarray(found.reshape(len(found), -1), jnp.float32), shape


def _targets(y: Any) -> Array | None:
    if y is None:
        return None
    found = jnp.asarray(y)
    return found.astype(jnp.int32 if jnp.issubdtype(found.dtype, jnp.integer) else jnp.float32)


def _draw(model: Model, x: Any, hyper: Mapping[str, Scalar]) -> Variables:
    """Draw the weights of seed 0; those of another seed must differ."""
    if model.draw is not None:
        return jax.tree.map(jnp.asarray, model.draw(0))

    def init(key: Key) -> Variables:
        with standard_rules():
            return model.init(key, jax.tree.map(lambda array: array[:1], x), hyper)

    program = laws.require_pure("The model's init", init, jax.random.key(0))
    one, other = (jax.jit(init)(jax.random.key(seed)) for seed in (0, 1))
    laws.require(
        not is_random(program) or not laws.same_bits(one.params, other.params),
        "The model draws the same weights from two keys: draw them from the key that init gets, or every seed trains "
        "the same network.",
    )
    return one


def _require_dtypes(subject: Subject) -> None:
    """Require that state and outputs keep their dtypes, in training and evaluation."""
    for train in (False, True):
        key = jax.random.key(KEY) if train else None
        try:
            found, state = jax.eval_shape(lambda v, x: subject.apply(v, x, train, key), subject.variables, subject.x)  # noqa: B023
        except jax.errors.ConcretizationTypeError as error:
            said = str(error).splitlines()[0]
            raise UserError(
                f"The model branches in Python on a traced value ({said}): use jnp.where or jax.lax.cond instead."
            ) from error
        laws.require(
            found.dtype == jnp.float32,
            f"The model yields {found.dtype} for inputs of float32, but float32 was expected: end it with "
            ".astype(jnp.float32).",
        )
        laws.require(
            laws.same_shapes(state, subject.variables.state),
            "The model's state changes its structure, shapes or types in a call; a compiled loop needs them to stay.",
        )
    wrong = {str(a.dtype) for a in jax.tree.leaves(subject.variables.params)} - {"float32"}
    laws.require(not wrong, f"The model's weights are {' and '.join(sorted(wrong))}, but float32 was expected.")


def _require_width(subject: Subject, found: tuple[int, ...]) -> None:
    """Require as many outputs as the targets need."""
    y = subject.y
    if y is None:
        return
    size = jax.tree.leaves(subject.x)[0].shape[0]
    laws.require(len(y) == size, f"There are {size} inputs and {len(y)} targets.")
    width = int(np.prod(found)) if found else 1
    if jnp.issubdtype(y.dtype, jnp.integer):
        most = int(y.max())
        laws.require(
            width > most or (width == 1 and most == 1),
            f"The model yields {width} outputs for each example, but the targets are the classes 0 to {most}: give its "
            f"last layer {most + 1} outputs.",
        )
    else:
        expected = int(np.prod(y.shape[1:]))
        laws.require(
            width == expected,
            f"The model yields {width} outputs for each example, but there are {expected} targets: give its last layer "
            f"{expected}.",
        )


def _require_evaluation(subject: Subject, evaluate: Any) -> None:
    """Require that evaluation changes no state and draws nothing."""
    z, state = evaluate(subject.variables, subject.x)
    laws.require(
        laws.same_bits(state, subject.variables.state),
        "The model changes its state in evaluation mode: only training may change it.",
    )
    with_key = jax.jit(lambda v, x, key: subject.apply(v, x, False, key))
    found = [with_key(subject.variables, subject.x, jax.random.key(seed))[0] for seed in (KEY, OTHER)]
    laws.require(
        laws.same_bits(*found),
        f"The model's outputs in evaluation mode depend on the key, by {laws.difference(*found):.2g}: evaluation must "
        "be free of chance (dropout off).",
    )
    laws.require(np.isfinite(z).all(), "The model's outputs at its initial weights are not all finite.")


def _require_fresh_noise(subject: Subject, program: str, train: Any, evaluate: Any) -> None:
    """Two steps, each with its key and the state that the one before left, differ where the model draws at random.

    What it draws in evaluation too, from a key of its own, are fixed numbers (of random features).
    """
    first, state = train(subject.variables, subject.x, jax.random.key(KEY))
    later = subject.variables._replace(state=state)
    second, _ = train(later, subject.x, jax.random.key(OTHER))
    fixed = set(draws(lambda v, x: subject.apply(v, x, False, None), subject.variables, subject.x))
    one, two = (
        draws(lambda v, x, key: subject.apply(v, x, True, key), variables, subject.x, jax.random.key(seed))
        for variables, seed in ((subject.variables, KEY), (later, OTHER))
    )
    differs = laws.difference(first, evaluate(subject.variables, subject.x)[0]) > 0.01
    elsewhere = is_random(program) and not fixed  # inside of a loop
    chance = elsewhere or (differs and not jax.tree.leaves(state))  # NumPy's numbers are constants of the program
    laws.require(
        not ({*one} & {*two}) - fixed and not (chance and laws.same_bits(first, second)),
        "The model draws the same random numbers at every step (a key is reused): draw them from the key that apply "
        "gets, which is new at each step.",
    )
    keys = [draw.key for draw in one if draw not in fixed]
    laws.require(
        len(keys) == len(set(keys)),
        "The model draws twice from one key in a call (a key is reused), so that both draws have the same numbers: "
        "split it by jax.random.split.",
    )


def _require_independent(mode: str, subject: Subject, function: Any) -> None:
    """Change the first or last example: the outputs of the others stay, bit for bit."""
    all_of_them = np.asarray(function(subject.x))
    for place in (0, len(all_of_them) - 1):
        changed = np.asarray(function(jax.tree.map(functools.partial(_with_another, place), subject.x)))
        before, after = (np.delete(z, place, axis=0) for z in (all_of_them, changed))
        laws.require(
            laws.same_bits(before, after),
            f"In {mode} an example changes the model's outputs for others, by {laws.difference(before, after):.2g}: a "
            "value leaks between examples, so that padding a batch would change the result (statistics over a batch "
            "need a state, and the stored ones in evaluation).",
        )


def _require_places(subject: Subject, function: Any) -> None:
    """Evaluate the examples one place further, and half of them: the outputs of each stay."""
    z = np.asarray(function(subject.x))
    moved = np.asarray(function(jax.tree.map(lambda array: jnp.roll(array, 1, axis=0), subject.x)))
    gap = laws.difference(np.roll(moved, -1, axis=0), z)
    laws.require(
        gap <= laws.TOLERANCE,
        f"In evaluation the model's outputs for an example differ by {gap:.2g} at another place in the batch: does it "
        "draw something for each example, as a dropout that is never off?",
    )
    half = len(z) // 2
    gap = laws.difference(function(jax.tree.map(lambda array: array[:half], subject.x)), z[:half])
    laws.require(
        gap <= laws.TOLERANCE,
        f"In evaluation the model's outputs for an example differ by {gap:.2g} among {half} examples instead of "
        f"{len(z)}: an output may depend on its own example only.",
    )


def _with_another(place: int, array: jax.Array) -> jax.Array:
    """Change an example: measured numbers to others, whole numbers and truth values to those of another one."""
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array.at[place].multiply(-2).at[place].add(1)
    return array.at[place].set(array[len(array) - 1 - place])


def _require_gradient(subject: Subject) -> None:
    """Compare the gradient of a random mix of the outputs by the trained weights; frozen ones need none."""
    paths = jax.tree_util.tree_leaves_with_path(subject.variables.params)
    leaves, structure = [leaf for _, leaf in paths], jax.tree.structure(subject.variables.params)
    names = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths]
    trainable = subject.model.trainable
    trained = jax.tree.leaves(trainable(subject.variables.params)) if trainable else [True] * len(leaves)
    places = [i for i, one in enumerate(trained) if one]

    def value(some: list[Array]) -> Scalar:
        changed = dict(zip(places, some, strict=True))
        params = jax.tree.unflatten(structure, [changed.get(i, leaf) for i, leaf in enumerate(leaves)])
        z, _ = subject.apply(subject.variables._replace(params=params), subject.x, True, jax.random.key(KEY))
        return jnp.sum(z * jax.random.normal(jax.random.key(OTHER), z.shape, z.dtype)) / np.float32(z.size**0.5)

    function, point = jax.jit(value), [leaves[i] for i in places]
    laws.require_gradient("The model", function, point, lambda i: f"the weights {names[places[i]]}")
