"""Bad inputs: values, texts, arrays and names that no experiment, space or data set can have."""

import dataclasses
import pathlib
import random
import sys
from typing import Any

import numpy as np

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.fields import field_types, replace
from nnjax.core.files import check_out, check_out_folder, expand_home
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.spaces.overrides import override
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Evolution, Halving, Space
from nnjax.train.layout.plan import Plan
from scripts.faults.attempts import Attempt, work

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.5, 1.5, 1e-300, 1e308, float("nan"), float("inf"), -float("inf")),
    *(10**5000, -(10**5000), 2**31, 2**32, 2**63, 2**64, 10**30, 1j, complex("nan"), b"bytes", bytearray(b"x")),
    *("", " ", "abc", "3", "-1", "nan", "None", "\0", "\x1b[31m", "a" * 5000, "a:b", "../..", "~nobody/x", "os:system"),
    *([], [[]], (), (1,), (0,), (-1, 2), (1.5,), ("a",), [1, [2]], {}, {1: [2]}, {"a": 1}, {"seed": 3}, set(), {1, 2}),
    *(object(), object, int, len, lambda: 1, lambda x: x, range(3), range(0), slice(3), Ellipsis, NotImplemented),
    *(
        np.float32(0.5),
        np.int64(3),
        np.nan,
        np.bool_(True),
        np.array(3),
        np.array([1, 2]),
        np.zeros((0, 2)),
        np.ones(1),
    ),
    *(np.array("a"), np.array([None]), np.datetime64("2026-01-01"), iter([1, 2]), Experiment(), Space(), Halving()),
    *(
        Range(1, 2),
        Arm(),
        DataConfig(),
        ModelConfig(),
        Hyperparameters(),
        Exception("x"),
        float,
        type,
        pathlib.Path("x"),
    ),
]
TEXTS = [
    *("", " ", ",", ";", ":", "log:", "log:1", "log:a:b", "log:1:0", "lin:0:1:0", "lin:0:1:-3", "log:0:1", "lin:nan:1"),
    *(
        "lin:0:inf:3",
        "1e400",
        "-1e400",
        "1" * 5000,
        "0x10",
        "1_000",
        "١",
        "½",
        "1,,2",
        "none",
        "None",
        "null",
        "true",
        "nan",
    ),
    *(
        "(1,2",
        "[[1]]",
        "1;2;3",
        "a;b",
        "\0",
        "\x1b[2J",
        "log:1e-4:1e-1:99999999999",
        "lin:0:1:1e9",
        "=1+1",
        "best:0",
        "é" * 999,
    ),
]
NAMES = [
    *(
        "",
        " ",
        "csv:",
        "idx:",
        "npz:",
        "npy:",
        "tfds:",
        "csv:~nobody/x",
        "idx:~nobody/x",
        "csv:/",
        "npz:/dev/null",
        "npy:/",
    ),
    *(
        "csv:/dev/null",
        "idx:/proc/self",
        "csv:" + "a" * 5000,
        "csv:a\0b",
        "npz:" + "../" * 99,
        "mnistt",
        "two_spirals:",
    ),
    *(
        "two_spirals:-1",
        "two_spirals:1e9",
        "two_spirals:" + "9" * 5000,
        "xor:3",
        ":",
        "::",
        "csv:csv:x",
        "file:x",
        "\x1b",
    ),
    *(
        "tfds:../x",
        "tfds:a:b",
        "two_spirals:0",
        "two_spirals:abc",
        "parquet:/dev/null",
        "xlsx:/dev/null",
        "two_moons:3",
    ),
]
SMALL = Experiment(
    data=DataConfig("two_spirals:60", scaling="standard"), model=ModelConfig(widths=(2,)), epochs=1, batch_size=16
)
CLASSES = (Range, Arm, Halving, Evolution, Space, Plan, DataConfig, ModelConfig, OptimizerConfig, Experiment)


def make(rng: random.Random, folder: pathlib.Path) -> Attempt:
    """Draw one input."""
    return rng.choice(
        (
            *(_field, _field, _field, _hyperparameters, _construction, _construction, _axis, _sweep_argument),
            *(_text_field, _text_axis, _arrays, _name, _path, _mapping, _predict, _load),
        )
    )(rng, folder)


def shown(value: Any) -> str:
    """Write a value for the report; ten thousand digits have no text."""
    try:
        return ascii(value)[:80]
    except ValueError:
        return f"a {type(value).__name__} without a text"


def _sweep(experiment: Any, space: Any = Space(), **options: Any) -> None:
    nnjax.sweep(experiment, space, should_stop=lambda: True, **options)


def _field(rng: random.Random, folder: pathlib.Path) -> Attempt:
    path, value = rng.choice(list(field_types(Experiment))), rng.choice(VALUES)
    *parts, leaf = path.split(".")

    def act() -> None:
        if parts:
            part = dataclasses.replace(getattr(SMALL, parts[0]), **{leaf: value})
            _sweep(dataclasses.replace(SMALL, **{parts[0]: part}))
        else:
            _sweep(dataclasses.replace(SMALL, **{leaf: value}))

    return f"{path}={shown(value)}", act


def _hyperparameters(rng: random.Random, folder: pathlib.Path) -> Attempt:
    values = rng.choices(VALUES, k=rng.choice((1, 2, 30)))
    others = rng.choice([*VALUES, [("a", value) for value in values], [(value, 1.0) for value in values]])
    if rng.random() < 0.5:
        return f"Hyperparameters(others={shown(others)})", lambda: _sweep(
            dataclasses.replace(SMALL, hyperparameters=Hyperparameters(others=others))
        )
    return f"Hyperparameters(*{shown(values)})", lambda: _sweep(
        dataclasses.replace(SMALL, hyperparameters=Hyperparameters(*values))
    )


def _construction(rng: random.Random, folder: pathlib.Path) -> Attempt:
    kind = rng.choice(CLASSES[:6])
    fields = [field.name for field in dataclasses.fields(kind)]
    given = {name: rng.choice(VALUES) for name in rng.sample(fields, rng.choice((1, 1, 1, 2)))}
    whole: dict[str, Any] = {"low": 0.1, "high": 0.2, **given} if kind is Range else given

    def act() -> None:
        made: Any = kind(**whole)
        if kind is Space:
            _sweep(SMALL, made)
        elif kind is Plan:
            _sweep(SMALL, plan=made)
        elif kind is Range:
            _sweep(SMALL, {"learning_rate": made})
        elif kind is Arm:
            _sweep(SMALL, Space(arms={"a": Arm(), "b": made}))
        else:
            axes = {"learning_rate": Range(1e-3, 1e-1, 4, log=True)}
            _sweep(SMALL, Space(axes=axes, **{kind.__name__.lower(): made}))

    return f"{kind.__name__}({', '.join(f'{name}={shown(value)}' for name, value in whole.items())})", act


def _axis(rng: random.Random, folder: pathlib.Path) -> Attempt:
    name = rng.choice([*field_types(Experiment), *VALUES[:26]])
    values = rng.choice([rng.choices(VALUES, k=rng.randint(0, 3)), rng.choice(VALUES)])
    return f"axes={{{shown(name)}: {shown(values)}}}", lambda: _sweep(SMALL, Space(axes={name: values}))


def _sweep_argument(rng: random.Random, folder: pathlib.Path) -> Attempt:
    name, value = (
        rng.choice(["workdir", "data", "target", "plan", "title", "keep", "sanity", "space"]),
        rng.choice(VALUES),
    )
    if name == "workdir" and not (isinstance(value, str) and value.isprintable() and "/" not in value):
        value = str(folder / "run") + str(rng.choice(TEXTS))
    elif name == "workdir":
        value = str(folder / value)
    given = {name: value} | ({"data": (np.ones((9, 2)), np.arange(9) % 2)} if name == "target" else {})
    if name == "space":
        return f"space={shown(value)}", lambda: _sweep(SMALL, value)
    return f"{name}={shown(value)}", lambda: _sweep(SMALL, **given)


def _text_field(rng: random.Random, folder: pathlib.Path) -> Attempt:
    path = rng.choice([*field_types(Experiment), *TEXTS])
    text = rng.choice([*TEXTS, *(value for value in VALUES if isinstance(value, str))])
    return f"--config.{shown(path)}={shown(text)}", lambda: _sweep(replace(SMALL, {path: text}))


def _text_axis(rng: random.Random, folder: pathlib.Path) -> Attempt:
    names = [*field_types(Experiment), "mode", "num", "draw_seed", "arms", "eta", "first", "every", "share", "factors"]
    given = {rng.choice(names): rng.choice(TEXTS) for _ in range(rng.choice((1, 1, 2)))}
    return f"--space.{shown(given)}", lambda: _sweep(SMALL, override(Space(), given))


def _arrays(rng: random.Random, folder: pathlib.Path) -> Attempt:
    arrays = [
        *(
            np.ones((9, 2)),
            np.full((9, 2), np.nan),
            np.full((9, 2), 1e300),
            np.ones((0, 2)),
            np.ones((9, 0)),
            np.ones(9),
        ),
        *(
            np.ones((2, 2, 2, 2, 2)),
            np.array(3),
            np.array(["a"] * 9),
            np.array([None] * 9, object),
            np.ones((9, 2), complex),
        ),
        *(
            np.arange(9),
            np.arange(9) % 2,
            np.array([True] * 9),
            np.zeros(9, "datetime64[s]"),
            np.ones((9, 2), np.uint64),
        ),
        *(
            [],
            [[1], [1, 2]],
            "text",
            3,
            None,
            {},
            [[np.inf]],
            (1, 2, 3),
            np.zeros((9, 1), "V4"),
            np.ma.masked_all((9, 2)),
        ),
    ]
    x, y = rng.choice(arrays), rng.choice(arrays)
    return f"data=({shown(x)}, {shown(y)})", lambda: _sweep(Experiment(epochs=1, batch_size=4), data=(x, y))


def _name(rng: random.Random, folder: pathlib.Path) -> Attempt:
    name, target = rng.choice(NAMES), rng.choice([None, None, *TEXTS])
    config = DataConfig(name, target=target, data_dir=str(folder))
    return f"data.name={shown(name)} target={shown(target)}", lambda: _sweep(
        Experiment(data=config, epochs=1, batch_size=4)
    )


def _path(rng: random.Random, folder: pathlib.Path) -> Attempt:
    path = rng.choice([*NAMES, *TEXTS, "/", "/dev/null", "/proc/self/mem", "a/" * 3000, "t.csv", "x.html", "."])
    check = rng.choice([expand_home, check_out_folder, lambda text: check_out(text, ".csv")])
    return f"path {shown(path)}", lambda: check(path)


def _mapping(rng: random.Random, folder: pathlib.Path) -> Attempt:
    curves = {
        rng.choice(["loss", "val_loss", "accuracy", "x", ""]): rng.choice(
            [rng.choices(VALUES, k=3), rng.choice(VALUES)]
        )
    }
    given: Any = rng.choice([curves, rng.choice(VALUES)])
    if isinstance(given, str):
        given = str(folder / given.replace("/", "")) if given.isprintable() else f"{folder}/{given}"
    options = (
        {rng.choice(["floor", "mean_predictor", "num_validation"]): rng.choice(VALUES)} if rng.random() < 0.3 else {}
    )
    return f"diagnose({shown(given)}, {shown(options)})", lambda: nnjax.diagnose(given, **options)


def prepare(folder: pathlib.Path) -> None:
    """Train the network whose predictions are asked for."""
    nnjax.sweep(SMALL, workdir=folder / "trained")


def _predict(rng: random.Random, folder: pathlib.Path) -> Attempt:
    x, trial = rng.choice([*VALUES, np.ones((3, 2)), [[1, 2]]]), rng.choice([0, 0, *VALUES])
    return f"predict({shown(x)}, trial={shown(trial)})", lambda: nnjax.load(folder / "trained").predict(x, trial=trial)


def _load(rng: random.Random, folder: pathlib.Path) -> Attempt:
    path = rng.choice(
        [*(value for value in VALUES if isinstance(value, str | pathlib.Path)), "/", "/dev/null", str(folder)]
    )
    return f"load({shown(path)})", lambda: nnjax.load(path)


if __name__ == "__main__":
    work(prepare, make, *map(int, sys.argv[1:4]))
