"""Every file in configs/ says what it is for, builds, passes the pre-flight checks and takes a step."""

import functools
import pathlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from populations import resolve
from stepwise import QUICK

from nnjax.checks.fit import check_fit, summarize_targets
from nnjax.checks.invalid_values import validate
from nnjax.cli.config import load_config, study_of, title_of
from nnjax.cli.entry import COMMANDS
from nnjax.cli.study import Study
from nnjax.core.experiment import Experiment
from nnjax.data import from_arrays, load, prepare_loaded
from nnjax.models.model import Variables
from nnjax.models.registry import traits_of
from nnjax.models.summary import summarize_model
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.train.engine import training_step
from nnjax.train.engine.device_data import make_device_data, make_shapes
from nnjax.train.engine.trial import Trial

ROOT = pathlib.Path(__file__).parents[1]


@functools.cache
def module_of(name):
    return load_config(str(ROOT / "configs" / f"{name}.py"))


ALL = sorted(path.stem for path in (ROOT / "configs").glob("*.py"))
STUDIES = [name for name in ALL if hasattr(module_of(name), "get_study")]
NAMES = [name for name in ALL if name not in STUDIES]


@functools.cache
def specs_of(name):
    """All trials, as `nnjax.sweep` lists them."""
    module = module_of(name)
    return expand(module.get_config(), module.get_space() if hasattr(module, "get_space") else Space())


@functools.cache
def experiments_of(name):
    """One experiment for each program to compile: {static part: experiment}."""
    resolved = [resolve(spec.experiment, dataset_of(spec.experiment.data.name)) for spec in reversed(specs_of(name))]
    return {experiment.program_key: experiment for experiment in resolved}


@functools.cache
def dataset_of(name):
    """The data by name; for those that do not come with the package, images of their shape that are mostly black."""
    if name not in ("mnist", "fashion_mnist", "mnist5k"):
        return load(name)
    rng, n = np.random.default_rng(0), 6000
    x = (rng.uniform(size=(n, 784)) ** 4 * 256).astype(np.uint8)
    test_start = None if name == "mnist5k" else 5800
    return from_arrays(x, np.arange(n) % 10, name, image_shape=(28, 28), test_start=test_start)


@functools.cache
def prepared_for(config):
    return prepare_loaded(dataset_of(config.name), config)


@pytest.mark.parametrize("name", ALL)
def test_docstring(name):
    """A title, the source, the command and what to expect."""
    text, title = module_of(name).__doc__, title_of(module_of(name))
    assert title.endswith(".")
    assert len(title) <= 120
    command = re.search(r"nnjax (\S+) --config=(\S+) --workdir=runs/\w+", text)
    assert command is not None
    assert command[1] in COMMANDS
    assert command[2] == name
    assert re.search(r"^Source: \S", text, re.MULTILINE)
    assert re.search(r"^Expected\b.*: \S", text, re.MULTILINE)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_one(name):
    """The same one on every call: its repr, which names no address in memory, tells folders apart."""
    module = module_of(name)
    study = module.get_study()
    assert isinstance(study, Study)
    assert module.get_study.__doc__
    assert repr(study) == repr(module.get_study())
    assert " at 0x" not in repr(study)
    assert study_of(module) == study


@pytest.mark.parametrize("name", NAMES)
def test_every_trial_is_valid(name):
    module, specs = module_of(name), specs_of(name)
    assert isinstance(module.get_config(), Experiment)
    assert module.get_config.__doc__
    assert len({(spec.experiment, spec.start_from) for spec in specs}) == len(specs)  # no trial twice
    for spec in specs:
        validate(spec.experiment)
        validate(resolve(spec.experiment, dataset_of(spec.experiment.data.name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_checks_find_no_error(name):
    """Warnings are allowed: some configurations show a mistake on purpose."""
    for experiment in experiments_of(name).values():
        summary = summarize_targets(prepared_for(experiment.data), traits_of(experiment.model).reconstructs)
        assert [f.sentence for f in check_fit(experiment, summary) if f.severity == "error"] == []


def draw_like(shapes):
    """Weights of given shapes, drawn by NumPy: compiling each network's own draw would take longer than its steps."""
    rng = np.random.default_rng(0)

    def draw(leaf):
        fan_in = np.prod(leaf.shape[:-1]) if leaf.ndim > 1 else leaf.size
        return (rng.normal(size=leaf.shape) / fan_in**0.5).astype(leaf.dtype)

    return jax.tree.map(draw, shapes)


@pytest.mark.parametrize("others", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["first", "others"])
@pytest.mark.parametrize("name", NAMES)
def test_every_program_takes_steps(name, others):
    """Three on the first batch (a warmup starts at rate 0): the loss stays finite and all arrays move."""
    programs = list(experiments_of(name).items())
    for key, experiment in programs[1:] if others else programs[:1]:
        prepared = prepared_for(experiment.data)
        trial = Trial(key, make_shapes(key, prepared))
        data = jax.tree.map(jnp.asarray, make_device_data(key, prepared))

        def three_steps(data, hyper, params, trial=trial):
            rows = data.train.index[: trial.experiment.batch_size]
            batch = trial.batch(data, rows, jnp.arange(rows.size) < data.train.count)
            state = trial.start(hyper, jnp.uint32(0), Variables(params))
            return jax.lax.fori_loop(
                0, 3, lambda _, s: training_step.step(trial, hyper, s, batch, jnp.int32(100)), state
            )

        hyper = {n: jnp.float32(value) for n, value in experiment.hyperparameters.present().items()}
        params = draw_like(jax.eval_shape(trial.init, hyper, jnp.uint32(0)).params)
        after = jax.jit(three_steps, compiler_options=QUICK)(data, hyper, params)
        assert int(after.bad_step) == 0
        highest = 84 * (1 + 1.7159) ** 2 + 20 if key.loss == "rbf_map" else 10  # farthest from a drawing, and j
        assert 0 < float(after.loss_sum / after.weight_sum) < highest
        assert int(after.weight_sum) == 3 * min(key.batch_size, len(prepared.train))
        arrays = zip(jax.tree.leaves(params), jax.tree.leaves(after.params), strict=True)
        assert all(not np.array_equal(a, b) for a, b in arrays)


@pytest.mark.parametrize(
    ("name", "arm", "parameters"),
    [
        ("deck_autoencoders", "digits64", 218_192),
        ("deck_autoencoders", "digits16", 223_456),
        ("demo", "digits16", 223_456),
        ("demo", "classifier", 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10),
        ("lenet", "", 60_000),
        ("lenet_modern", "", 61_706),
        ("bench_lenet", "", 61_706),
        ("conv_autoencoder", "blog", 4_385),
        ("keras_example", "snippet", 10 * 10 + 10 + 110 + 11),
    ],
)
def test_networks_have_the_parameters_of_their_source(name, arm, parameters):
    experiment = next(spec.experiment for spec in specs_of(name) if spec.arm == arm)
    experiment = resolve(experiment, dataset_of(experiment.data.name))
    shapes = make_shapes(experiment, prepared_for(experiment.data))
    assert summarize_model(experiment, shapes.num_inputs, shapes.num_outputs).parameters == parameters


def test_the_literal_arm_goes_on_from_the_sigmoid_arm_of_the_same_seed():
    specs = specs_of("deck_autoencoders")
    literal = [spec for spec in specs if spec.arm == "bce_literal"]
    assert len(literal) == 5
    for spec in literal:
        parent = specs[spec.start_from]
        assert (parent.arm, parent.experiment.seed) == ("digits64_sig", spec.experiment.seed)
