"""Compiled functions on disk: read without tracing, with the same bits, never where anything that decides differs."""

import os
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache
from populations import CLASSIFIER, population, specs_of

from nnjax.core.fields import replace
from nnjax.train.engine import programs, stored_functions, training_step
from nnjax.train.engine.stored_functions import Key, StoredFunction, hash_sources, key_of

X = np.arange(3, dtype=np.float32)
KEY = Key("a", tuple(jax.devices()[:1]))


@pytest.fixture(autouse=True)
def without_jax_cache():
    """What comes from JAX's own cache is not kept."""
    folder = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    yield
    jax.config.update("jax_compilation_cache_dir", folder)
    compilation_cache.reset_cache()


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(stored_functions, "_folder", lambda: tmp_path / "functions")
    monkeypatch.setattr(stored_functions, "_machine", lambda: "this")
    return tmp_path / "functions"


def square(traced):
    """A function that notes when it is traced."""

    def square(x):
        traced.append(x.shape)
        return x * x

    return StoredFunction(jax.jit(square))


def prepared(key=KEY, x=X):
    """A function as a further process has it, and how often it was traced."""
    traced = []
    function = square(traced)
    function.prepare((x,), key, lambda job: job())
    return function, traced


def test_a_further_process_does_not_trace_and_computes_the_same():
    first, traced = prepared()
    assert (traced, first(X).tolist()) == ([(3,)], [0, 1, 4])
    second, traced = prepared()
    assert (second(X).tolist(), traced) == ([0, 1, 4], [])
    assert (second(X[:2]).tolist(), traced) == ([0, 1], [(2,)])  # another shape
    other, traced = prepared(KEY._replace(name="b"))
    assert (other(X).tolist(), traced) == ([0, 1, 4], [(3,)])
    _, traced = prepared(None)
    assert traced == [(3,)]


def test_arguments_on_another_device_are_computed_by_the_jitted_function():
    prepared()
    function, traced = prepared()
    there = jax.device_put(X, jax.devices()[1])
    assert (function(there).tolist(), function(there).devices(), traced) == ([0, 1, 4], {jax.devices()[1]}, [(3,)])


def test_what_was_read_is_not_called_under_other_settings_of_jax():
    prepared()
    function, traced = prepared()
    with jax.default_matmul_precision("float32"):
        assert (function(X).tolist(), traced) == ([0, 1, 4], [(3,)])
    assert (function(X).tolist(), traced) == ([0, 1, 4], [(3,)])


@pytest.mark.parametrize("spoil", [lambda old: old[:-9], lambda old: old[:40] + b"?" + old[41:], lambda old: b""])
def test_a_damaged_file_is_warned_of_and_made_again(folder, spoil):
    prepared()
    (path,) = folder.iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"square-\w+ is damaged .* made again"):
        function, traced = prepared()
    assert (function(X).tolist(), traced) == ([0, 1, 4], [(3,)])
    assert prepared()[1] == []


def test_what_comes_from_the_cache_of_jax_is_not_kept(folder, tmp_path):
    """XLA gives such an executable away without its code."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "xla"))
    compilation_cache.reset_cache()
    prepared()
    (path,) = folder.iterdir()
    path.unlink()
    for _ in range(2):
        function, traced = prepared()
        assert (function(X).tolist(), traced, list(folder.iterdir())) == ([0, 1, 4], [(3,)], [])


def test_only_the_files_used_last_are_kept(folder, monkeypatch):
    monkeypatch.setattr(stored_functions, "MOST", 2)
    for n in (1, 2):
        prepared(x=X[:n])
    for path in folder.iterdir():
        os.utime(path, (time.time() - 60,) * 2)
    prepared(x=X[:1])  # used again
    prepared()
    assert [prepared(x=X[:n])[1] for n in (1, 3, 2)] == [[], [], [(2,)]]


def test_a_folder_that_cannot_be_made_keeps_nothing(folder):
    folder.write_text("a file", "utf-8")
    assert prepared()[0](X).tolist() == [0, 1, 4]
    assert folder.read_text("utf-8") == "a file"


def test_the_key_holds_what_decides_a_program(monkeypatch):
    devices = jax.devices()
    base = key_of(("mlp", 8), devices[:1])
    assert base == key_of(("mlp", 8), devices[:1])
    others = [key_of(("mlp", 9), devices[:1]), key_of(("mlp", 8), devices[1:2]), key_of(("mlp", 8), devices)]
    with jax.default_matmul_precision("float32"):
        others.append(key_of(("mlp", 8), devices[:1]))
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    others.append(key_of(("mlp", 8), devices[:1]))
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setattr(stored_functions, "_machine", lambda: "another one")
    others.append(key_of(("mlp", 8), devices[:1]))
    assert len({base, *others}) == 7
    assert key_of(("mlp", object()), devices[:1]) is None  # nobody knows what it is
    monkeypatch.setattr(stored_functions, "_machine", lambda: None)
    assert key_of(("mlp", 8), devices[:1]) is None


def test_a_changed_source_changes_the_hash_and_a_late_change_keeps_nothing(tmp_path):
    for package in stored_functions.PACKAGES:
        (tmp_path / package).mkdir()
    source = tmp_path / "nn" / "losses.py"
    source.write_text("a = 1", "utf-8")
    now = time.time() + 1
    before = hash_sources(tmp_path, now)
    assert before == hash_sources(tmp_path, now)
    source.write_text("a = 2", "utf-8")
    changed = hash_sources(tmp_path, now)
    source.rename(tmp_path / "nn" / "loss.py")
    assert len({before, changed, hash_sources(tmp_path, now)}) == 3
    assert hash_sources(tmp_path, now - 60) is None


def test_a_population_read_from_disk_has_the_bits_of_one_that_was_compiled(folder, monkeypatch):
    specs = specs_of(
        replace(CLASSIFIER, {"optimizer.name": "sgd", "widths": (2,), "epochs": 2}), {"learning_rate": (0.1, 0.01)}
    )
    steps, step = [], training_step.step
    monkeypatch.setattr(training_step, "step", lambda *args: steps.append(1) or step(*args))
    runs = []
    for _ in range(2):
        programs.make_program.cache_clear()
        steps.clear()
        runs.append(population(specs))
        runs[-1].run()
    assert steps == []
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {"train_segment", "init", "evaluate"}
    for a, b in zip(runs[0].records, runs[1].records, strict=True):
        assert a.values == b.values
        assert all(np.array_equal(a.curves[name], b.curves[name]) for name in a.curves)
    assert jnp.isfinite(runs[1].records[0].values["val_loss"])
