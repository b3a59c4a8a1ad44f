"""Detect changes of the user's objects: a hash of the program of a training step."""

import dataclasses
import functools
import hashlib
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.fields import OBJECT_FIELDS, flatten
from nnjax.core.object_refs import ObjectRef
from nnjax.models.cpu_substitutes import native_operations
from nnjax.models.user_models import examples_like, make_own, variables_shapes
from nnjax.nn.user_functions import Reads
from nnjax.train.engine import training_step
from nnjax.train.engine.device_data import Shapes
from nnjax.train.engine.state_shapes import blank_state
from nnjax.train.engine.trial import Trial

ADDRESS = re.compile(r" at 0x[0-9a-f]+|0x[0-9a-f]{6,}")


def with_fingerprint(experiment: Experiment, shapes: Shapes) -> Shapes:
    """Add the fingerprint where there are objects of the user's."""
    flat = flatten(experiment)
    own = [flat[path] for path in OBJECT_FIELDS] + list(experiment.metrics or ())
    if not any(isinstance(one, ObjectRef) for one in own):
        return shapes
    return dataclasses.replace(shapes, fingerprint=fingerprint(experiment, shapes))


@functools.lru_cache(maxsize=64)  # asked for at every note of the environment
def model_fingerprint(config: ModelConfig, shape: tuple[int, ...]) -> str:
    """Hash the jaxpr of a user's model alone, in training and in evaluation, after the version of JAX that made it."""
    model = make_own(config, shape)
    variables, x, hyper = variables_shapes(model, shape), examples_like(3, shape), Reads(jnp.float32(1))
    digest = hashlib.sha256()
    for train in (True, False):
        key = jax.random.key(0) if train else None
        with native_operations():  # a run of a CPU is known again on a GPU
            traced = jax.make_jaxpr(lambda v, x, t=train, k=key: model.apply(v, x, train=t, key=k, hyper=hyper)[0])(
                variables, x
            )
        _add(digest, traced)
    return f"{jax.__version__}:{digest.hexdigest()[:16]}"


def difference(config: ModelConfig, shape: tuple[int, ...], known: str) -> str:
    """Say in a sentence that a model is not the one that a fingerprint was made of; "" where it is, or none is known.

    The same model has another program in another version of JAX, so that these are not compared.
    """
    found = model_fingerprint(config, shape) if known else ""
    if found == known or found.partition(":")[0] != known.partition(":")[0]:
        return ""
    return (
        "The model is not the one that the run was trained with: its program is another one (fingerprint "
        f"{known} → {found}), so that the weights would predict something else; pass the model as it was."
    )


def fingerprint(experiment: Experiment, shapes: Shapes) -> str:
    """Hash the jaxpr of a step, with the constants that it closes over."""
    trial, state = Trial(experiment, shapes), blank_state(experiment, shapes)
    number = jax.ShapeDtypeStruct((), trial.dtype)
    hyper = dict.fromkeys(experiment.hyperparameters.present(), number)
    total_steps = jax.ShapeDtypeStruct((), jnp.int32)
    with native_operations():
        traced = jax.make_jaxpr(functools.partial(training_step.step, trial))(
            hyper, state, trial.blank_batch(), total_steps
        )
    digest = hashlib.sha256()
    _add(digest, traced)
    return digest.hexdigest()[:16]


def _add(digest: Any, traced: Any) -> None:
    """Add a closed jaxpr, with the constants that it closes over, to a hash."""
    digest.update(ADDRESS.sub("", str(traced.jaxpr)).encode())
    for constant in traced.consts:
        if jax.dtypes.issubdtype(getattr(constant, "dtype", float), jax.dtypes.prng_key):
            constant = jax.random.key_data(constant)
        digest.update(np.asarray(constant).tobytes() if hasattr(constant, "__array__") else repr(constant).encode())
