"""Mutated files: of run folders, exported networks, data sets and logs; their bytes, texts, JSON trees and arrays."""

import contextlib
import gzip
import io
import json
import pathlib
import random
import re
import shutil
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import prepare
from nnjax.exchange import files
from nnjax.spaces.space import Evolution, Halving, Space
from nnjax.train.host.population import Stopped
from scripts.faults.attempts import Attempt, work

TREES: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 10**9, 2**63, 10**400, -(10**400), 0.5, 1e308, float("nan"), float("inf")),
    *("", "a", "3", "\0", "\x1b[31m", "é" * 2000, "os:system", "../..", [], {}, [[]], [1, 2], {"a": 1}, ["a"], [None]),
]
TOKENS = [
    *(
        "",
        "0",
        "-1",
        "1e400",
        "nan",
        "inf",
        "-inf",
        "9" * 400,
        "9" * 5000,
        "abc",
        "\0",
        "\x1b[2J",
        '"',
        ",",
        "\n",
        "=1+1",
    ),
    *(
        "[" * 10_000,
        "{",
        "null",
        "true",
        "done",
        "waiting",
        "running",
        "diverged",
        "1.5.2",
        "٣",
        "½",
        "1_0",
        " ",
        "\ufeff",
    ),
]
BASE = Experiment(
    data=DataConfig("two_spirals:60", scaling="standard"),
    model=ModelConfig(widths=(3,)),
    hyperparameters=Hyperparameters(learning_rate=0.01),
    epochs=4,
    batch_size=16,
    signals=True,
)
RATES = {"learning_rate": nnjax.Range(1e-3, 1e-1, 4, log=True)}
SPACES = {
    "grid": Space({"learning_rate": (0.01, 0.1), "seed": (0, 1)}),
    "halved": Space(RATES, halving=Halving(eta=2)),
    "evolved": Space(RATES, evolution=Evolution(every=1, share=0.3)),
}
Folder = pathlib.Path


class StopAfter:
    """Asks to stop at the n-th question."""

    def __init__(self, number: int):
        self.number = number

    def __call__(self) -> bool:
        """Count."""
        self.number -= 1
        return self.number < 0


def mutate(content: bytes, name: str, rng: random.Random) -> bytes:
    """Mutate the content of a file, often in the way that its format suggests."""
    if name.endswith(".json") and rng.random() < 0.8:
        return _mutate_json(content, rng)
    if name.endswith(".npz") and rng.random() < 0.7:
        return _mutate_arrays(content, rng)
    if name.endswith((".csv", ".json")) and rng.random() < 0.8:
        return _mutate_text(content, rng)
    if name.endswith(".gz") and rng.random() < 0.7:
        return gzip.compress(_mutate_bytes(gzip.decompress(content), rng), 1)
    return _mutate_bytes(content, rng)


def _mutate_bytes(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(data) + 1) if rng.random() < 0.5 else rng.randrange(min(len(data), 200) + 1)
        kind = rng.randrange(6)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            data[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
        elif kind == 3:
            data[place : place + 8] = struct.pack(rng.choice(("<Q", ">Q")), rng.choice((0, 2**31, 2**63, 2**64 - 1)))
        elif kind == 4:
            data[place:place] = data[place : place + 64] * rng.choice((1, 3))
        else:
            data[place : place + rng.choice((1, 16))] = b""
    return bytes(data)


def _mutate_text(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    words = list(re.finditer(r"[\w.+-]+", text))
    word = rng.choice(words) if words else re.match("", text)
    assert word is not None
    return (text[: word.start()] + rng.choice(TOKENS) + text[word.end() :]).encode("utf-8", "surrogatepass")


def _mutate_json(content: bytes, rng: random.Random) -> bytes:
    try:
        tree = json.loads(content)
    except ValueError:
        return _mutate_bytes(content, rng)
    for _ in range(rng.choice((1, 1, 1, 2))):
        places: list[tuple[Any, Any]] = []
        _walk(tree, places)
        if not places:
            return json.dumps(rng.choice(TREES)).encode()
        node, key = rng.choice(places)
        kind = rng.randrange(5)
        if kind == 0:
            del node[key]
        elif kind == 1 and isinstance(node, list):
            node.append(node[key])
        elif kind == 2 and isinstance(node[key], int | float):
            node[key] = node[key] * rng.choice((-1, 2, 1000, 0.5)) + rng.choice((0, 1))
        elif kind == 3:
            node[key] = rng.choice(places)[0] if rng.random() < 0.2 else rng.choice(TREES)
            node[key] = json.loads(json.dumps(node[key])) if not isinstance(node[key], dict | list) else {}
        else:
            node[key] = rng.choice(TREES)
    return json.dumps(tree).encode()


def _walk(tree: Any, places: list[tuple[Any, Any]]) -> None:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        places.append((tree, key))
        _walk(value, places)


def _mutate_arrays(content: bytes, rng: random.Random) -> bytes:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice(list(arrays))
    array = arrays[name]
    if name == "note" and rng.random() < 0.9:
        arrays[name] = np.frombuffer(_mutate_json(array.tobytes(), rng), np.uint8)
    else:
        changed: list[Callable[[], Any]] = [
            lambda: array[..., None],
            lambda: array[:-1] if array.ndim else array[None],
            lambda: np.concatenate([array, array]) if array.ndim else array[None],
            lambda: array.astype(np.complex64) if array.dtype.kind in "fiu" else array,
            lambda: array.astype("U5") if array.dtype.kind in "fiu" else array,
            lambda: np.full_like(array, np.nan) if array.dtype.kind == "f" else np.zeros_like(array),
            lambda: np.full_like(array, np.inf) if array.dtype.kind == "f" else array,
            lambda: array.T,
            lambda: array.astype(np.int8) if array.dtype.kind in "fiu" else array,
            lambda: np.zeros(0),
            lambda: np.zeros((2, 0, 3), array.dtype),
        ]
        kind = rng.randrange(len(changed) + 2)
        if kind == len(changed):
            del arrays[name]
        elif kind > len(changed):
            arrays[rng.choice(("x", f"{name}/a", "layers", "note"))] = arrays.pop(name)
        else:
            with np.errstate(all="ignore"):
                arrays[name] = changed[kind]()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def prepare_files(folder: Folder) -> None:
    """Make the files that are mutated."""
    for name, space in SPACES.items():
        run = nnjax.sweep(BASE, space, workdir=folder / name)
    stopped = BASE.__class__(**{**vars(BASE), "epochs": 40})
    for name, space in (("halving", Space(RATES, halving=Halving(eta=2, first=2))), ("under_way", SPACES["grid"])):
        SPACES.setdefault(name, space)
        with contextlib.suppress(Stopped):
            nnjax.sweep(stopped, space, workdir=folder / name, should_stop=StopAfter(3))
    run = nnjax.load(folder / "grid")
    for ending in ("safetensors", "jaxexport"):
        run.export(str(folder / f"net.{ending}"), 0)
    _make_data(folder)


def _make_data(folder: Folder) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 255, (40, 4, 4), dtype=np.uint8), (np.arange(40) % 4).astype(np.uint8)
    for place, pack in (("idx", bytes), ("gz", gzip.compress)):
        (folder / place).mkdir()
        ending = ".gz" if place == "gz" else ""
        for kind, array in (("images-idx3", x), ("labels-idx1", y)):
            head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / place / f"train-{kind}-ubyte{ending}").write_bytes(pack(head + array.tobytes()))
    (folder / "npy").mkdir()
    flat = x.reshape(40, -1).astype(np.float32)
    np.save(folder / "npy" / "x.npy", flat)
    np.save(folder / "npy" / "y.npy", y.astype(np.int32))
    (folder / "npy" / "facts.json").write_text('{"classes": ["a", "b", "c", "d"], "full_scale": 16}', "utf-8")
    (folder / "npz").mkdir()
    np.savez_compressed(folder / "npz" / "d.npz", x=flat, y=y, x_val=flat[:8], y_val=y[:8])
    (folder / "csv").mkdir()
    rows = [
        f"{a:.3f},{b:.3f},{'red' if c else 'blue'},{k}"
        for a, b, c, k in zip(*rng.random((3, 40)).round(3), y, strict=True)
    ]
    (folder / "csv" / "d.csv").write_text("\n".join(["width,height,color,class", *rows]) + "\n", "utf-8")
    (folder / "logs").mkdir()
    (folder / "logs" / "a.tfevents.1").write_bytes(b"".join(_event(i, 1 / (i + 1)) for i in range(30)))
    (folder / "history").mkdir()
    curve = (1 / np.arange(1, 40)).tolist()
    (folder / "history" / "h.json").write_text(json.dumps({"loss": curve, "val_loss": curve}), "utf-8")
    (folder / "curves").mkdir()
    text = "\n".join(["epoch,loss,val_loss", *(f"{i},{v},{v}" for i, v in enumerate(curve))])
    (folder / "curves" / "c.csv").write_text(text, "utf-8")


def _event(step: int, value: float) -> bytes:
    scalar = b"\x0a\x04loss\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(scalar)]) + scalar
    event = b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary
    return struct.pack("<QI", len(event), 0) + event + bytes(4)


def _copied(folder: Folder, name: str, rng: random.Random) -> tuple[Folder, str]:
    """Copy a folder, and mutate a file of the copy; give the copy and the file's name."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / name, copy)
    found = sorted(path for path in copy.rglob("*") if path.is_file() and path.name not in (".lock", "report.html"))
    path = rng.choice(found)
    path.write_bytes(mutate(path.read_bytes(), path.name, rng))
    return copy, f"{name}/{path.relative_to(copy)}"


def _run_folder(rng: random.Random, folder: Folder) -> Attempt:
    name = rng.choice(["grid", "halved", "evolved", "halving", "under_way"])
    copy, what = _copied(folder, name, rng)
    acts: dict[str, Callable[[], object]] = {
        "table": lambda: (nnjax.load(copy).table(), nnjax.load(copy).curves()),
        "signals": lambda: nnjax.load(copy).signals(),
        "predict": lambda: nnjax.load(copy).predict(np.ones((2, 2), np.float32)),
        "diagnose": lambda: nnjax.diagnose(copy),
        "resume": lambda: nnjax.sweep(_experiment(name), SPACES[name], workdir=copy, should_stop=StopAfter(2)),
        "report": lambda: nnjax.load(copy).report(),
    }
    act = rng.choices(list(acts), [4, 1, 3, 3, 4, 0.4])[0]
    return f"{act} {what}", acts[act]


def _experiment(name: str) -> Experiment:
    return Experiment(**{**vars(BASE), "epochs": 40}) if name in ("halving", "under_way") else BASE


def _network(rng: random.Random, folder: Folder) -> Attempt:
    ending = rng.choice(["safetensors", "jaxexport"])
    for name in (f"net.{ending}", f"net.{ending}.json"):
        shutil.copy(folder / name, folder / f"copied_{name}")
    path = folder / rng.choice([f"copied_net.{ending}", f"copied_net.{ending}.json"])
    path.write_bytes(mutate(path.read_bytes(), path.name, rng))
    network = folder / f"copied_net.{ending}"
    return f"network {path.name}", lambda: files.load(network).outputs(np.ones((2, 2), np.float32))


def _data(rng: random.Random, folder: Folder) -> Attempt:
    name = rng.choice(["idx", "gz", "npy", "npz", "csv"])
    copy, what = _copied(folder, name, rng)
    kind = "idx" if name == "gz" else name
    place = copy / f"d.{name}" if name in ("npz", "csv") else copy
    return f"data {what}", lambda: prepare(DataConfig(f"{kind}:{place}", scaling="standard"))


def _log(rng: random.Random, folder: Folder) -> Attempt:
    name = rng.choice(["logs", "history", "curves"])
    copy, what = _copied(folder, name, rng)
    place = {"logs": copy, "history": copy / "h.json", "curves": copy / "c.csv"}[name]
    return f"diagnose {what}", lambda: nnjax.diagnose(place)


def make(rng: random.Random, folder: Folder) -> Attempt:
    """Draw one mutated file."""
    return rng.choices([_run_folder, _network, _data, _log], [5, 1, 3, 2])[0](rng, folder)


if __name__ == "__main__":
    work(prepare_files, make, *map(int, sys.argv[1:4]))
