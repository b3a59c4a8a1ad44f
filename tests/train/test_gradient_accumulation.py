"""Batches that are gathered from smaller ones: trials of several batch sizes in one program."""

import jax.numpy as jnp
import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.train.engine.gradient_accumulation import gather, is_whole, mean, nothing_yet, own_steps
from nnjax.train.layout.plan import Plan


@pytest.mark.parametrize(
    ("batches", "ends", "steps", "in_epoch"),
    [
        (1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10, (8, 0)),
        (2, [1, 3, 4, 6, 8, 9], 6, (4, 1)),
        (5, [4, 9], 2, (1, 3)),
        (7, [4, 9], 2, (1, 3)),
    ],
)
def test_a_batch_ends_after_its_parts_and_with_the_epoch(batches, ends, steps, in_epoch):
    """Two epochs of five parts, by hand."""
    whole = [step for step in range(10) if is_whole(jnp.int32(step), jnp.float32(batches), jnp.int32(5))]
    assert whole == ends
    assert own_steps(jnp.int32(10), jnp.float32(batches), jnp.int32(5)) == (steps, 0)
    assert own_steps(jnp.int32(8), jnp.float32(batches), jnp.int32(5)) == in_epoch


def test_the_gradient_of_a_batch_is_the_weighted_mean_of_its_parts():
    """1 of three examples, then 5 of one: (3 · 1 + 5) / 4 = 2; a part of no weight changes nothing, whatever it is."""
    gathered = nothing_yet({"w": jnp.zeros(2)}, jnp.float32)
    assert not np.any(mean(gathered)["w"])
    for value, weight in ((1.0, 3.0), (np.nan, 0.0), (5.0, 1.0)):
        gathered = gather(gathered, {"w": jnp.full(2, value)}, jnp.float32(weight))
    np.testing.assert_array_equal(mean(gathered)["w"], [2, 2])


def test_trials_of_several_batch_sizes_train_as_in_programs_of_their_own():
    """40 examples: batches of 8; of 16, 16 and 8; of 24 and 16. A rate of 1e20 diverges at the same step of its own."""
    rule = {"optimizer.name": "momentum", "momentum": 0.9, "optimizer.schedule": "cosine", "clip_norm": 2.0}
    more = {"l2": 1e-3, "dropout": 0.3, "class_weight": "balanced", "epochs": 3}
    base = replace(CLASSIFIER, {**rule, **more})
    axes = {"batch_size": [8, 16, 24], "learning_rate": [0.05, 1e20]}
    merged = nnjax.sweep(base, axes, data=blobs())
    [plan] = merged.store.read_plan()
    assert plan["envelope"]["batch_sizes"] == (8, 16, 24)
    alone = nnjax.sweep(base, axes | {"batch_size": [16, 24]}, data=blobs(), plan=Plan(merge=False))
    assert len(alone.store.read_plan()) == 2
    for name, curve in alone.curves().items():
        np.testing.assert_allclose(merged.curves()[name][2:], curve, rtol=1e-5, atol=1e-6, err_msg=name)
    for one, other in zip(merged.records[2:], alone.records, strict=True):
        assert one.status == other.status
        assert one.values.get("diverged_at_step") == other.values.get("diverged_at_step")
    assert [record.values.get("diverged_at_step") for record in merged.records[1::2]] == [2, 2, 2]
