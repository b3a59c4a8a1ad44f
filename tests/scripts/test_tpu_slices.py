"""Accounts of slices: counted on a CPU device by hand, rooflines by hand; with libtpu (marked) for a v5e 2 × 2."""

import functools

import jax
import numpy as np
import pytest
from populations import blobs, population, specs_of

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from scripts.tpu_page import page, table, trials_per_second
from scripts.tpu_slices import V5E, Account, Chip, Cost, Memory, account, describe_slice

WIDE = Experiment(
    data=DataConfig("blobs", validation=100, test=10, scaling="none"),
    model=ModelConfig(widths=(300, 200)),
    batch_size=32,
    eval_batch_size=40,
    train_eval_size=80,
)
CHIP = Chip("a chip", flops=100.0, bandwidth=10.0, memory=1000.0)


def group():
    [found] = population(specs_of(WIDE), blobs(400, 100)).layouts.groups
    return found


@functools.cache
def count(trials, devices):
    found = group()
    return account(found.key, found.shapes, found.data, trials, False, devices)


@pytest.mark.slow
def test_a_step_and_an_evaluation_are_counted_as_by_hand():
    """Products: forward and both gradients, the first layer without that of its inputs; 2 FLOPs a weight and example.

    290 of 400 examples train, in 10 batches; 80 and 100 are evaluated, in batches of 40 at most: 2 and 3.
    """
    found = count(4, tuple(jax.devices()[:1]))
    first, rest = 100 * 300, 300 * 200 + 200 * 3
    assert 4 * 32 * (4 * first + 6 * rest) < found.step.flops < 1.15 * 4 * 32 * (4 * first + 6 * rest)
    assert 4 * 40 * 2 * (first + rest) < found.evaluation.flops < 1.15 * 4 * 40 * 2 * (first + rest)
    assert found.step.bytes > 4 * 4 * 3 * (first + rest)  # weights, read twice and written
    assert (found.devices, found.lanes, found.steps, found.evaluations) == (1, 4, 10, 5)


@pytest.mark.slow
def test_memory_is_that_of_one_device():
    one, two = count(4, tuple(jax.devices()[:1])), count(8, tuple(jax.devices()[:2]))
    assert (two.devices, two.lanes, two.estimated) == (2, 4, one.estimated)
    assert two.memory.total == pytest.approx(one.memory.total, rel=0.1)
    held = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(group().data))
    assert one.memory.arguments > held + 4 * 4 * 2 * (100 * 300 + 300 * 200)


def test_a_roofline_is_the_longer_of_two_times():
    """1,000 operations at 100 a second are 10 s; 50 bytes at 10 a second 5."""
    assert Cost(1000.0, 50.0).seconds(CHIP) == 10
    assert Cost(1000.0, 50.0).bound(CHIP) == "arithmetic"
    assert Cost(100.0, 50.0).seconds(CHIP) == 5
    assert Cost(100.0, 50.0).bound(CHIP) == "memory traffic"


ACCOUNT = Account(4, 8, Memory(300, 10, 90), 440, Cost(1e3, 50.0), Cost(100.0, 50.0), steps=6, evaluations=8)


def test_trials_a_second():
    """6 steps of 10 s and 8 evaluations of 5 s are an epoch of 100 s; 32 trials train 20 of them."""
    assert ACCOUNT.epoch_seconds(CHIP) == 100
    assert trials_per_second(ACCOUNT, CHIP, 20) == pytest.approx(32 / 2000)


def test_the_table_has_a_column_a_slice():
    lines = table({"a:2x2": ACCOUNT, "b": ACCOUNT._replace(estimated=400)}, CHIP, 20).split("\n")
    assert lines[0] == "|  | a:2x2 | b |"
    assert {line.count("|") for line in lines} == {4}
    assert "| model over compiler | 1.10 | 1.00 |" in lines
    assert "| memory in all, the compiler's count | 400 B | 400 B |" in lines
    assert "| of the 1 kB of a chip | 40.0% | 40.0% |" in lines
    assert "| trials a second, at most | 0.016 | 0.016 |" in lines


def test_the_page_says_what_compiled():
    text = page({"a:2x2": ACCOUNT}, CHIP, 20, {"jax": "1.2", "libtpu": "3.4"})
    assert text.startswith("# ")
    assert "(jax 1.2, libtpu 3.4)" in text
    assert table({"a:2x2": ACCOUNT}, CHIP, 20) in text


def test_trials_that_the_devices_do_not_divide_are_refused():
    with pytest.raises(UserError, match="5 trials were given to 2 devices; a multiple of 2 was expected"):
        count(5, tuple(jax.devices()[:2]))


def test_without_libtpu_there_is_one_sentence(monkeypatch):
    from jax.experimental import topologies

    def missing(**_):
        raise RuntimeError("JAX TPU support not installed; cannot generate TPU topology. See a page")

    monkeypatch.setattr(topologies, "get_topology_desc", missing)
    with pytest.raises(UserError, match=r"'v5e:2x2' cannot be had \(JAX TPU support not installed.*nnjax\[tpu\]"):
        describe_slice("v5e:2x2")


@pytest.mark.tpu
def test_a_program_is_compiled_for_four_tpus_that_are_not_there():
    devices = describe_slice("v5e:2x2")
    assert [device.platform for device in devices] == ["tpu"] * 4
    found = count(32, tuple(devices))
    assert (found.devices, found.lanes) == (4, 8)
    assert found.step.flops == pytest.approx(count(8, tuple(jax.devices()[:1])).step.flops, rel=0.2)
    assert found.memory.total < V5E.memory


@pytest.mark.tpu
def test_a_slice_that_nobody_makes_is_refused():
    with pytest.raises(UserError, match="'v5e:5x7' cannot be had"):
        describe_slice("v5e:5x7")
