"""The certificate: it passes on real sweeps of every kind, and notices what is not as it was trained."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from fake_runs import fake_run
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.runs.folder import FolderStore
from nnjax.train.storage.records import DONE, STOPPED, Record
from nnjax.verify import certificate, certify, retraining
from nnjax.verify.certificate import Mismatch

RATES = (0.01, 0.03, 0.1, 0.3)


def swept(space=None, experiment=CLASSIFIER, **options):
    space = {"learning_rate": RATES, "seed": (0, 1)} if space is None else space
    return nnjax.sweep(experiment, space, data=blobs(), **options)


def spoil(path, trial, epoch, factor):
    """Change one value of curves.npz."""
    with np.load(path / "curves.npz") as file:
        curves = dict(file)
    curves["val_loss"][trial, epoch - 1] *= factor
    np.savez(path / "curves.npz", **curves)


def loaded(path):
    """Open a run folder of `blobs`, which are handed over again."""
    run = nnjax.load(path)
    run._prepared |= swept(experiment=replace(CLASSIFIER, {"epochs": 1}), space={})._prepared
    return run


@pytest.mark.parametrize("order", ["shared", "own"])
def test_a_sweep_passes(order):
    run, said = swept(plan=nnjax.Plan(2, 1, 4, order)), []
    assert run.certificate is None
    found = run.certify(said.append)
    assert (found.passed, found.failed, found.bitwise, found.left_out) == (True, [], True, ())
    assert (found.finished, found.trials) == (8, 8)
    losses = [record.values["val_loss"] for record in run.records]
    ranked = sorted(range(8), key=losses.__getitem__)
    assert [check.trial for check in found.checks] == [ranked[0], ranked[4]]  # the best, and the middle one
    for check in found.checks:
        assert (check.lanes, check.devices, check.places) == (4, 2, 2)
        assert (check.epochs, check.exact_epochs, check.mismatch, check.among) == (4, 4, None, 0)
        assert check.alone <= check.tolerance == 1e-5
        assert len(check.drift) == 3
    assert run.certificate is found
    assert [text.split(" is ")[0] for text in said] == [f"certificate: trial {c.trial}" for c in found.checks]


def test_a_changed_curve_is_noticed_and_the_folder_keeps_what_was_found(tmp_path):
    run = swept(workdir=tmp_path)
    assert run.certify().passed
    assert nnjax.load(tmp_path).certificate == run.certificate
    trial = run.certificate.checks[0].trial
    spoil(tmp_path, trial, 3, 1 + 1e-6)
    found = loaded(tmp_path).certify()
    assert found.failed == [trial]
    assert not found.passed
    assert (found.checks[0].mismatch.curve, found.checks[0].mismatch.epoch) == ("val_loss", 3)
    assert nnjax.load(tmp_path).certificate == found
    (tmp_path / "certificate.json").write_text("{", "utf-8")
    with pytest.raises(nnjax.UserError, match=r"certificate\.json is damaged"):
        _ = nnjax.load(tmp_path).certificate


def test_on_another_machine_only_the_tolerance_is_asked_for(tmp_path):
    run = swept(workdir=tmp_path)
    trial = run.certify().checks[0].trial
    path = tmp_path / "environment.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"machine": "another"}), "utf-8")
    for factor, failed in ((1 + 2e-6, []), (1 + 1e-4, [trial])):
        spoil(tmp_path, trial, 1, factor)
        found = loaded(tmp_path).certify()
        assert (found.bitwise, found.why_not) == (False, "since the run other machine came into use")
        assert found.checks[0].mismatch is not None
        assert found.failed == failed


def test_only_the_solo_program_differs(monkeypatch):
    """(b) fails by itself: here because nothing is allowed."""
    monkeypatch.setattr(certify, "TOLERANCES", {"cpu": -1.0, "float32": -1.0})
    found = swept(plan=nnjax.Plan(1, 1, 4)).certify()
    assert all(found.holds_among(check) for check in found.checks)
    assert len(found.failed) == 2


@pytest.mark.slow
def test_dear_trials_are_trained_again_for_some_epochs_under_the_schedule_of_all(monkeypatch):
    monkeypatch.setattr(certify, "MAX_FLOPS", 0.0)
    found = swept(experiment=replace(CLASSIFIER, {"schedule": "cosine", "epochs": 6})).certify()
    assert found.passed
    assert [(check.epochs, check.exact_epochs, len(check.drift)) for check in found.checks] == [(2, 2, 1)] * 2


def test_a_program_of_one_place_repeats_itself():
    run = swept(space={})
    [check] = run.certify().checks
    assert (check.places, check.mismatch, check.alone, check.drift) == (1, None, 0, (0, 0, 0))


def test_trials_without_fellows_get_a_neighbor_at_half_their_rate():
    run = swept(space={"seed": (0, 1)}, plan=nnjax.Plan(1, 1, 4, "shared"))
    assert run.certify().passed
    [neighbor] = retraining.neighbors(run, 1, nnjax.Plan(1, 1, 4, "shared"), 1)
    assert neighbor.experiment.hyperparameters.learning_rate == CLASSIFIER.hyperparameters.learning_rate / 2
    assert neighbor.experiment.seed == 1


def test_the_sample_has_the_best_of_each_program():
    run = fake_run(space=nnjax.Space({"widths": ((8,), (4,), (5,), (6,), (7,)), "learning_rate": (0.01, 0.03)}))
    chosen = certify.sample(run, range(10))
    best = [
        min(pair, key=lambda i: run.records[i].values["val_loss"])
        for pair in zip(range(0, 10, 2), range(1, 10, 2), strict=True)
    ]
    assert chosen == best[:4]
    assert certify.sample(run, [0, 1, 2]) == [best[0], 2, 0 if best[0] else 1]


def test_children_begin_at_their_parents_weights(tmp_path):
    arms = {"first": nnjax.Arm(), "second": nnjax.Arm({"epochs": 2, "learning_rate": 0.02}, start_from="first")}
    run = swept(nnjax.Space({"seed": (0, 1, 2)}, arms=arms), workdir=tmp_path)
    children = [check for check in run.certify().checks if check.trial >= 3]
    assert children
    assert run.certificate.passed
    for parent in range(3):
        (tmp_path / "checkpoints" / f"weights_{parent:05d}.npz").unlink()
    found = loaded(tmp_path).certify()
    assert found.left_out == ((3, "the weights from which they started no longer exist"),)
    assert all(check.trial < 3 for check in found.checks)


def test_given_weights_that_are_gone(tmp_path):
    nnjax.save_weights(swept(space={}).params(), tmp_path / "weights.npz")
    start = replace(CLASSIFIER, {"start_weights": str(tmp_path / "weights.npz")})
    run = swept({"learning_rate": RATES}, start)
    assert run.certify().passed
    (tmp_path / "weights.npz").unlink()
    found = run.certify()
    assert (found.checks, found.passed, found.failed) == ((), False, [])


@pytest.mark.slow
def test_what_was_moved_is_compared_until_then(monkeypatch):
    """Seven of eight stop early, and the last one goes on in fewer lanes, which rounds otherwise."""
    monkeypatch.setattr("nnjax.train.layout.plan.MOVE_FLOPS", 0.0)
    experiment = replace(CLASSIFIER, {"epochs": 8, "optimizer.name": "sgd"})
    space = nnjax.Space({"patience": (8, *[1] * 7), "learning_rate": (0.01, *np.linspace(3, 9, 7))}, mode="zip")
    run = swept(space, experiment, plan=nnjax.Plan(1, 1, 16))
    moved = [record.moved for record in run.records]
    assert 2 <= moved[0] < 8
    assert set(moved[1:]) == {None}
    found = run.certify()
    [check] = [check for check in found.checks if check.trial == 0]
    assert (check.epochs, check.exact_epochs) == (8, moved[0])
    assert found.passed
    run.records[0].moved = 0
    assert run.certify().left_out == ((1, "another program took them over within their first epoch"),)


def test_halving(tmp_path):
    space = nnjax.Space({"learning_rate": (0.001, *RATES, 0.02), "seed": (0, 1)}, halving=nnjax.Halving(3, 2))
    run = swept(space, replace(CLASSIFIER, {"epochs": 8}), workdir=tmp_path)
    found = run.certify()
    assert found.passed
    assert (found.finished, found.trials) == (4, 12)


def test_layouts_that_are_unknown_or_not_to_be_had():
    run = swept()
    for record in run.records:
        record.lanes = 0
    assert run.certify().left_out == ((8, "the layout in which they were trained is not on record"),)
    for record in run.records:
        record.lanes, record.devices = 16, 9
    assert run.certify().left_out == ((8, f"they were trained on 9 devices, but {len(jax.devices())} are available"),)


def test_tolerances(monkeypatch):
    [spec] = swept(space={}).specs
    half = dataclasses.replace(spec, experiment=replace(spec.experiment, {"dtype": "bfloat16"}))
    assert (certify._tolerance(spec), certify._tolerance(half)) == (1e-5, 1e-2)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert certify._tolerance(spec) == 1e-2
    assert certify._why_not_bitwise(swept(space={})) == "accelerators do not promise equal bits"


def test_mismatch_and_differences_by_hand():
    one = Record(DONE, 3, curves={"val_loss": np.array([1.0, 2.0, np.nan]), "val_accuracy": np.ones(3)})
    assert certificate.mismatch(one, one, 3) is None
    two = Record(DONE, 3, curves={"val_loss": np.array([1.0, 4.0, np.nan]), "val_accuracy": np.array([1.0, 1.0, 0.5])})
    assert certificate.mismatch(one, two, 3) == Mismatch("val_loss", 2, 2.0, 4.0)
    assert certificate.mismatch(one, two, 1) is None
    assert certificate.differences(one, two, 3) == [0.0, 0.5, 0.0]
    short = Record(STOPPED, 1, curves={"val_loss": np.array([0.5]), "val_accuracy": np.ones(1)})
    assert certificate.mismatch(one, short, 3).epoch == 1
    assert certificate.differences(one, short, 3) == [0.5, 2.0, 0.0]


def test_data_that_are_not_the_runs_are_refused(tmp_path):
    swept(workdir=tmp_path)
    with pytest.raises(nnjax.UserError, match="The data 'blobs' have changed since the run"):
        nnjax.load(tmp_path).certify()


def test_a_run_of_an_earlier_version_has_no_moves(tmp_path):
    swept(workdir=tmp_path)
    path = tmp_path / "environment.json"
    tree = json.loads(path.read_text("utf-8"))
    assert tree.pop("trial_moved") == [None] * 8
    path.write_text(json.dumps(tree), "utf-8")
    assert loaded(tmp_path).certify().passed


def test_a_finished_run_is_not_noted_again(tmp_path):
    swept(workdir=tmp_path)
    before = (tmp_path / "environment.json").read_bytes()
    swept(workdir=tmp_path)
    assert (tmp_path / "environment.json").read_bytes() == before
    FolderStore(tmp_path).release()
