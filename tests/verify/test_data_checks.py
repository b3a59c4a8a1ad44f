"""What cannot be trained is refused before anything is made; judged by hand."""

import numpy as np
import pytest
from populations import CLASSIFIER, blobs, specs_of

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.data import Datasets, from_arrays, prepare_loaded
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Arm, Space
from nnjax.verify import data_checks, resource_limits


def prepared(specs):
    return {spec.experiment.data: prepare_loaded(blobs(), spec.experiment.data) for spec in specs}


def test_memory(monkeypatch):
    """4-8-3: 4·8 + 8 + 8·3 + 3 = 67 weights, 5 copies of 4 bytes; 8 examples of 4 + 8 + 3 numbers of 4 bytes."""
    specs = specs_of(CLASSIFIER)
    needed = 67 * 5 * 4 + 8 * 15 * 4
    monkeypatch.setattr(resource_limits, "memory", lambda: needed)
    resource_limits.refuse_oversized_trials(specs, prepared(specs))
    monkeypatch.setattr(resource_limits, "memory", lambda: needed - 1)
    with pytest.raises(UserError, match=r"A trial needs .* GB for its weights .* make model\.widths smaller"):
        resource_limits.refuse_oversized_trials(specs, prepared(specs))
    specs = specs_of(replace(CLASSIFIER, {"eval_batch_size": 10**9}))
    with pytest.raises(UserError, match=r"0\.0 GB for its weights and 60\.0 GB for a batch.* make eval_batch_size"):
        resource_limits.refuse_oversized_trials(specs, prepared(specs))


def test_this_machine_has_memory():
    assert 2**28 < resource_limits.memory() < 2**50


def test_steps_are_counted_by_int32():
    """40 examples in batches of 8 are 5 steps an epoch: 2^31 - 1 is 429,496,729 of them and 2 steps."""
    specs = specs_of(replace(CLASSIFIER, {"epochs": 429_496_729}))
    resource_limits.refuse_oversized_trials(specs, prepared(specs))
    specs = specs_of(replace(CLASSIFIER, {"epochs": 429_496_730}))
    with pytest.raises(UserError, match="429,496,730 epochs are 2,147,483,650 steps, but 2,147,483,647 is the most"):
        resource_limits.refuse_oversized_trials(specs, prepared(specs))


def test_a_finding_is_said_once_with_its_arms():
    bad = {"output_activation": "relu", "loss": "kl_divergence"}
    space = Space(
        {"seed": (0, 1)}, arms={"good": Arm(), "bad": Arm(bad), "worse": Arm({**bad, "allow_mismatch": True})}
    )
    specs = data_checks.resolve_trials(expand(CLASSIFIER, space), Datasets(blobs()))
    findings = data_checks.judge(specs, prepared(specs))
    errors = [arms for arms, finding in findings if finding.severity == "error"]
    assert errors == ["bad, worse"]
    with pytest.raises(UserError, match=r"\(in bad, worse\)"):
        data_checks.refuse_errors(specs, findings)
    data_checks.refuse_errors([spec for spec in specs if spec.arm != "bad"], findings)


def test_values_are_checked_in_every_trial():
    with pytest.raises(UserError, match=r"dropout is 1\.5"):
        data_checks.resolve_trials(expand(CLASSIFIER, Space({"dropout": (0.5, 1.5)})), Datasets(blobs()))


def images(side, classes=10, **options):
    labels = np.arange(40) % classes
    return from_arrays(np.zeros((40, side[0] * side[1]), np.uint8), labels, "some images", image_shape=side, **options)


LENETS = ("lenet5", "lenet5_modern")
UNFIT = [  # kind, data, what is said
    *((kind, images((8, 8)), f"images of 8×8 pixels, but {kind} reads images of 28×28 or 32×32") for kind in LENETS),
    ("lenet5_modern", images((14, 56)), "images of 14×56 pixels"),  # 784 of them
    ("conv_autoencoder", images((32, 32)), "images of 32×32 pixels, but conv_autoencoder reads images of 28×28:"),
    ("lenet5_modern", blobs(), "4 inputs, but lenet5_modern reads"),
    ("lenet5_modern", from_arrays(np.zeros((40, 800)), np.arange(40) % 3), "800 inputs"),
    ("lenet5", images((28, 28), 3), "3 classes, but .* 10 digits"),
]
FIT = [
    *((kind, images(side)) for kind in LENETS for side in ((28, 28), (32, 32))),
    ("conv_autoencoder", images((28, 28), 3)),
    ("lenet5_modern", images((28, 28), 3)),
    ("lenet5_modern", from_arrays(np.zeros((40, 784)), np.arange(40) % 3)),  # a table of as many pixels
    ("mlp", images((8, 8))),
]


def refuse(kind, dataset):
    """The check alone; whether a network can be built and the check agree."""
    specs = specs_of(replace(CLASSIFIER, {"kind": kind, "widths": (6, 16, 84)}))
    resource_limits.refuse_unfit_images(
        specs, {s.experiment.data: prepare_loaded(dataset, s.experiment.data) for s in specs}
    )


@pytest.mark.parametrize(("kind", "dataset", "words"), UNFIT)
def test_images_that_a_network_cannot_read(kind, dataset, words):
    with pytest.raises(UserError, match=words) as caught:
        refuse(kind, dataset)
    assert "model.kind=" in str(caught.value)


@pytest.mark.parametrize(("kind", "dataset"), FIT)
def test_images_that_a_network_reads(kind, dataset):
    refuse(kind, dataset)


def test_augmentation_needs_images():
    for dataset, fine in ((blobs(), False), (images((8, 8)), True)):
        specs = specs_of(replace(CLASSIFIER, {"augment": "shift:2"}))
        ready = {spec.experiment.data: prepare_loaded(dataset, spec.experiment.data) for spec in specs}
        if fine:
            resource_limits.refuse_unfit_images(specs, ready)
        else:
            with pytest.raises(UserError, match="has no images to augment by shift:2"):
                resource_limits.refuse_unfit_images(specs, ready)
