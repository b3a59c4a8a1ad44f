"""A scheduler of the user's: the page's example trains, resumes and obeys the laws; mistakes are one sentence."""

import dataclasses
import pathlib
import re

import numpy as np
import pytest

import nnjax
from nnjax.testing import check_scheduler
from nnjax.train.scheduler import Decision

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "extending" / "scheduler.md"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
BASE = nnjax.Experiment(model=nnjax.ModelConfig(widths=(4,)), optimizer="sgd", epochs=6, batch_size=32, signals=False)
AXES = {"learning_rate": [1e-4, 0.3, 1e-3, 0.1]}


@pytest.fixture(scope="module")
def names():
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found = {"__name__": "page"}
    exec(compile(code, PAGE.name, "exec"), found)
    return found


def test_the_page_obeys_the_laws(names):
    check_scheduler(names["MedianRule"](epochs=16), num_trials=8, epochs=16)
    check_scheduler(names["space"].scheduler, num_trials=5, epochs=12)


def test_the_worse_half_is_dropped_at_each_rung(names, tmp_path):
    """Of four the two with the higher rates go on after 2 epochs, and of these one after 4."""
    space = nnjax.Space(AXES, scheduler=names["MedianRule"](epochs=6, every=2))
    run = nnjax.sweep(BASE, space, data=(X, Y), workdir=tmp_path / "run")
    assert [record.epochs for record in run.records] == [2, 6, 2, 4]
    assert [record.status for record in run.records] == ["dropped", "done", "dropped", "dropped"]
    nnjax.sweep(BASE, space, data=(X, Y), workdir=tmp_path / "run")  # it goes on, with nothing to do
    other = nnjax.Space(AXES, scheduler=names["MedianRule"](epochs=6, every=3))
    with pytest.raises(nnjax.UserError, match=r"belongs to another experiment \(scheduler: .*every 2.* → .*every 3"):
        nnjax.sweep(BASE, other, data=(X, Y), workdir=tmp_path / "run")


class First:
    """Trains the first trial only."""

    def __init__(self, decision):
        self.decision = decision

    def decide(self, records):
        return self.decision


def of_trials(specs):
    return First(Decision({spec.id: spec.experiment.epochs for spec in specs}))


def test_a_function_of_the_trials_makes_one():
    run = nnjax.sweep(BASE, nnjax.Space(AXES, scheduler=of_trials), data=(X, Y))
    assert [record.epochs for record in run.records] == [6] * 4


class Fails:
    def decide(self, records):
        return records[0].curves["nothing"]


class Unwritable(First):
    description = {"what": object()}  # noqa: RUF012


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        (3, r"The field scheduler is 3, but an object with decide\(records\)"),
        (int, r"scheduler .*int could not be made of a list of trials \(int\(\) argument must be"),
        (lambda specs: 3, r"of trials made a int, but an object with decide"),
        (First(3), r"returned int, but an nnjax\.train\.scheduler\.Decision was expected"),
        (First(Decision({9: 1})), r"names trial 9, but there are 0 to 3"),
        (First(Decision({})), r"lets none of the trials 0, 1, 2, 3 go on"),
        (First(Decision({0: 2, 1: 2, 2: 2, 3: 2})), r"lets none of the trials 0, 1, 2, 3 go on"),
        (Fails(), r"failed: KeyError: 'nothing' \(in Fails\.decide, test_user_scheduler\.py, line \d+\)"),
        (Unwritable(Decision({0: 6})), r"has a description that JSON cannot hold"),
    ],
)
def test_mistakes(scheduler, words):
    with pytest.raises(nnjax.UserError, match=words) as caught:
        nnjax.sweep(BASE, nnjax.Space(AXES, scheduler=scheduler), data=(X, Y))
    assert "\n" not in str(caught.value)


def test_one_of_them_decides():
    both = nnjax.Space(AXES, scheduler=of_trials, halving=nnjax.Halving())
    with pytest.raises(nnjax.UserError, match="a scheduler of its own beside halving or evolution"):
        nnjax.sweep(BASE, both, data=(X, Y))
    with pytest.raises(nnjax.UserError, match="Mode adaptive trains every setting to its end, but a scheduler"):
        nnjax.sweep(BASE, dataclasses.replace(both, halving=None, mode="adaptive", num=2), data=(X, Y))
