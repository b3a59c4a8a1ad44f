"""What cannot be trained is refused before anything is made; judged by hand."""

import pytest
from populations import CLASSIFIER, blobs, specs_of

from nnjax import preflight
from nnjax.data import prepare_loaded
from nnjax.fields import replace
from nnjax.search import Arm, Space
from nnjax.types import UserError


def prepared(specs):
    return {spec.experiment.data: prepare_loaded(blobs(), spec.experiment.data) for spec in specs}


def test_memory(monkeypatch):
    """4-8-3: 4·8 + 8 + 8·3 + 3 = 67 weights, 5 copies of 4 bytes; 8 examples of 4 + 8 + 3 numbers of 4 bytes."""
    specs = specs_of(CLASSIFIER)
    needed = 67 * 5 * 4 + 8 * 15 * 4
    monkeypatch.setattr(preflight, "memory", lambda: needed)
    preflight.refuse_too_large(specs, prepared(specs))
    monkeypatch.setattr(preflight, "memory", lambda: needed - 1)
    with pytest.raises(UserError, match=r"A trial needs .* GB for its weights .* make model\.widths smaller"):
        preflight.refuse_too_large(specs, prepared(specs))
    specs = specs_of(replace(CLASSIFIER, {"eval_batch_size": 10**9}))
    with pytest.raises(UserError, match=r"0\.0 GB for its weights and 60\.0 GB for a batch.* make eval_batch_size"):
        preflight.refuse_too_large(specs, prepared(specs))


def test_this_machine_has_memory():
    assert 2**28 < preflight.memory() < 2**50


def test_steps_are_counted_by_int32():
    """40 examples in batches of 8 are 5 steps an epoch: 2^31 - 1 is 429,496,729 of them and 2 steps."""
    specs = specs_of(replace(CLASSIFIER, {"epochs": 429_496_729}))
    preflight.refuse_too_large(specs, prepared(specs))
    specs = specs_of(replace(CLASSIFIER, {"epochs": 429_496_730}))
    with pytest.raises(UserError, match="429,496,730 epochs are 2,147,483,650 steps, but 2,147,483,647 is the most"):
        preflight.refuse_too_large(specs, prepared(specs))


def test_a_finding_is_said_once_with_its_arms():
    bad = {"output_activation": "relu", "loss": "kl_divergence"}
    space = Space(
        {"seed": (0, 1)}, arms={"good": Arm(), "bad": Arm(bad), "worse": Arm({**bad, "allow_mismatch": True})}
    )
    specs = preflight.valid_trials(CLASSIFIER, space, lambda text: None)
    findings = preflight.judge(specs, prepared(specs))
    errors = [arms for arms, finding in findings if finding.severity == "error"]
    assert errors == ["bad, worse"]
    with pytest.raises(UserError, match=r"\(in bad, worse\)"):
        preflight.refuse_errors(specs, findings)
    preflight.refuse_errors([spec for spec in specs if spec.arm != "bad"], findings)


def test_values_are_checked_in_every_trial():
    with pytest.raises(UserError, match=r"dropout is 1\.5"):
        preflight.valid_trials(CLASSIFIER, Space({"dropout": (0.5, 1.5)}), lambda text: None)
