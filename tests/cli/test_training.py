"""Training from the command line: what was checked before JAX starts is what trains."""

import pytest
from populations import CLASSIFIER, blobs

from nnjax import Range, Space, UserError, api
from nnjax.cli import training
from nnjax.search.options import Options
from nnjax.search.optuna import search
from nnjax.train.host.population import Population


@pytest.fixture
def untrained(monkeypatch):
    """Train nothing: what is of interest happens before."""
    monkeypatch.setattr(Population, "run", lambda self: self.records)


def refuse(*args):
    raise AssertionError("a second time")


@pytest.mark.usefixtures("untrained")
def test_the_space_is_expanded_once(monkeypatch):
    monkeypatch.setattr(api, "expand", refuse)
    said = []
    train = training._checked(training.Job(CLASSIFIER, Space({"seed": (0, 1, 1)}), "run", "", {}))
    assert said == []
    run = train(Options(data=blobs(), log=said.append))
    assert [spec.experiment.seed for spec in run.specs] == [0, 1]
    assert said[0].startswith("remark: 1 of the 3 settings")


def test_an_adaptive_space_is_read_once(monkeypatch):
    monkeypatch.setattr(search, "adaptive_space", refuse)
    space = Space({"learning_rate": Range(0.01, 0.1)}, "adaptive", num=2, batch=2)
    train = training._checked(training.Job(CLASSIFIER, space, "run", "", {}, {"sampler": "random", "metric": None}))
    assert len(train(Options(data=blobs())).specs) == 2


@pytest.mark.parametrize(
    ("space", "options", "words"),
    [
        (Space(), {"adaptive": {"sampler": "tpe"}}, "--sampler is read in the mode adaptive only"),
        (Space(mode="adaptive"), {"sanity": True}, "--sanity needs fixed settings"),
        (Space(), {"distributed": True, "certify": True}, "--certify runs in one process only: leave out"),
        (Space(), {"keep": "worst:3"}, "worst:3"),
    ],
)
def test_flags_that_do_not_belong_together(space, options, words):
    with pytest.raises(UserError, match=words):
        training._checked(training.Job(CLASSIFIER, space, "run", "", {}, **options))
