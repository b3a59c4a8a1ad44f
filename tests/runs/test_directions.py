"""The direction of a metric of the user's: in halving, population-based training, Optuna, and from a folder alone."""

import copy
import dataclasses
import json
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.core.object_refs import NamedMetric
from nnjax.nn.metrics import directions_of
from nnjax.search.optuna.storage import open_study

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
RATES = [1e-4, 0.3, 1e-3]  # the middle one learns


def share(y, p):
    """The probability of the right class."""
    return p[jnp.arange(len(y)), y]


SHARE = nnjax.Metric(share, maximized=True)
BASE = nnjax.Experiment(
    model=nnjax.ModelConfig(widths=(8,)), metrics=[SHARE], epochs=4, batch_size=32, optimizer="sgd", signals=False
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("directions") / "run"
    return path, nnjax.sweep(BASE, {"learning_rate": RATES}, data=(X, Y), workdir=path)


def test_the_best_of_a_folder_without_the_object(folder):
    """As pandas orders the table: the largest share."""
    path, run = folder
    table = run.table().set_index("trial")
    assert table.best_val_share.idxmax() != table.best_val_share.idxmin()
    for opened in (run, nnjax.load(path), nnjax.load(path, metrics=[SHARE])):
        assert opened.best_trial("share") == table.best_val_share.idxmax()
    assert json.loads((path / "config.json").read_text("utf-8"))["directions"] == {
        "nnjax.nn.metrics:Metric(share)": ["share", True]
    }


def test_an_older_folder_does_not_guess(folder):
    path = folder[0]
    text = (path / "config.json").read_text("utf-8")
    tree = json.loads(text)
    del tree["directions"]
    (path / "config.json").write_text(json.dumps(tree), encoding="utf-8")
    try:
        with pytest.raises(nnjax.UserError, match=r"metric share, whose direction the run folder does not say"):
            nnjax.load(path).best_trial("share")
        assert nnjax.load(path).best_trial() == folder[1].best_trial()
        assert nnjax.load(path).best_trial("accuracy") == folder[1].best_trial("accuracy")
        assert nnjax.load(path, metrics=[SHARE]).best_trial("share") == folder[1].best_trial("share")
    finally:
        (path / "config.json").write_text(text, encoding="utf-8")


def test_metrics_without_a_name_in_a_module_stay_apart(tmp_path):
    def one(y, p):
        return p[:, 0]

    def two(y, p):
        return -p[:, 0]

    own = [nnjax.Metric(one, maximized=True), nnjax.Metric(two, maximized=False)]
    experiment = dataclasses.replace(BASE, metrics=own, epochs=1)
    nnjax.sweep(experiment, {"learning_rate": RATES}, data=(X, Y), workdir=tmp_path / "run")
    opened = nnjax.load(tmp_path / "run")
    table = opened.table().set_index("trial")
    assert opened.best_trial("one") == opened.best_trial("two") == table.best_val_one.idxmax()


def test_halving_keeps_the_highest():
    space = nnjax.Space({"learning_rate": RATES}, halving=nnjax.Halving(metric="val_share", eta=3, first=1))
    run = nnjax.sweep(BASE, space, data=(X, Y))
    values = [record.curves["val_share"][0] for record in run.records]
    assert np.argmax(values) == 1
    assert [record.epochs for record in run.records] == [1, 4, 1]


def test_population_based_training_copies_the_highest():
    evolution = nnjax.Evolution(every=2, share=0.4, metric="val_share")
    run = nnjax.sweep(BASE, nnjax.Space({"learning_rate": RATES}, evolution=evolution), data=(X, Y))
    parents = {stage.parent for stages in run.schedules for stage in stages[1:]}
    assert parents == {1}


def test_optuna_maximizes():
    optuna = pytest.importorskip("optuna")
    study = open_study(None, "one", optuna.samplers.RandomSampler(0), "val_share", directions_of(BASE.metrics))
    assert study.direction.name == "MAXIMIZE"


def test_named_metrics_are_copied_whole():
    named = NamedMetric("mine:hit", "hit", True)
    for twin in (copy.deepcopy(named), pickle.loads(pickle.dumps(named))):
        assert (type(twin), twin, twin.name, twin.maximized) == (NamedMetric, "mine:hit", "hit", True)
