"""The weights of single epochs, against trials of the same network that were trained as long and no longer."""

import jax
import numpy as np
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.runs import epoch_weights
from nnjax.verify import epoch_weights as module

TOY = nnjax.Experiment(
    data=nnjax.DataConfig("moons", limit=60), model=nnjax.ModelConfig("mlp", (4,), "tanh"), epochs=6, batch_size=16
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Trials of 1, 3 and 6 epochs, and what was kept of the last."""
    path = tmp_path_factory.mktemp("toy") / "run"
    run = nnjax.sweep(TOY, {"epochs": (1, 3, 6)}, workdir=path, log=lambda text: None)
    assert run.keep_epochs(2, (1, 3)) == [1, 3, 6]
    return path


def test_weights_are_those_of_shorter_training(folder):
    run = nnjax.load(folder)
    found = epoch_weights.read(run, 2, run.variables(2))
    assert list(found) == [1, 3, 6]
    for trial, own in enumerate(found.values()):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), run.params(trial), own.params)
    assert epoch_weights.read(run, 0, run.variables(0)) == {}


@pytest.mark.parametrize(("epochs", "found"), [((0,), "Epoch 0"), ((7,), "Epoch 7"), ((2.5,), "Epoch 2.5")])
def test_epochs_that_a_trial_has_not_are_refused(folder, epochs, found):
    with pytest.raises(UserError, match=rf"{found} cannot be kept: whole numbers from 1 to 6 were expected"):
        nnjax.load(folder).keep_epochs(2, epochs)


def test_weights_that_are_not_met_again_are_not_kept(folder, monkeypatch):
    run, said = nnjax.load(folder), []
    monkeypatch.setattr(module, "_train", lambda run, trial, pauses: ({1: run.variables(0)}, run.variables(1)))
    monkeypatch.setattr(run.store, "save_epoch_weights", lambda *args: pytest.fail("they were kept"))
    assert module.keep_epochs(run, 2, (1,), said.append) == []
    assert said == ["warning: Trained alone, trial 2 ends at other weights, so none of its epochs are kept."]
