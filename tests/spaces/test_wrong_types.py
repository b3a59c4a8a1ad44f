"""Values of other types in what a Python configuration makes: one sentence, when it is made or at the latest used."""

import numpy as np
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.spaces.space import Arm, Evolution, Halving, Space
from nnjax.train.layout.plan import Plan

BASE = nnjax.Experiment(data=nnjax.DataConfig("xor"), epochs=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Space(num="3"), r"Space.num is '3', but a whole number was expected"),
        (lambda: Space(halving=3), r"halving is 3, but Halving\(...\) was expected"),
        (lambda: Space(evolution={}), r"evolution is {}, but Evolution\(...\) was expected"),
        (lambda: Space({1: [1]}), r"have the name 1, but a text was expected, such as in {'seed': range\(3\)}"),
        (lambda: Space(None), r"The axes of the search space are None, but a mapping was expected"),
        (lambda: Space(times=3), r"times is 3, but a list of Space"),
        (lambda: Space(arms=[Arm()]), r"arms of the search space are \[Arm.*, but a mapping was expected"),
        (lambda: Space(num=10**5000), r"Space.num is a value of type int, but a whole number was expected"),
        (lambda: Space(draw_seed=True), r"Space.draw_seed is True, but"),
        (lambda: Space(mode=np.bool_(True)), r"Space.mode is .*True.*, but text was expected"),
        (lambda: Arm([1]), r"changes of an arm are \[1\], but a mapping"),
        (lambda: Arm({}, start_from=2), r"Arm.start_from is 2, but none or text|text or none"),
        (lambda: Halving(eta="3"), r"Halving.eta is '3'"),
        (lambda: Halving(eta=float("nan")), r"Halving.eta is nan"),
        (lambda: Evolution(factors=None), r"Evolution.factors is None, but a list of numbers"),
        (lambda: Evolution(share=1j), r"Evolution.share is 1j"),
        (lambda: nnjax.Range("a", 2), r"Range.low is 'a'"),
        (lambda: nnjax.Range(1, 2, num=np.nan), r"Range.num is nan"),
        (lambda: Plan(lanes="4"), r"Plan.lanes is '4'"),
        (lambda: nnjax.Hyperparameters(*range(40)), r"takes \d+ values in order, but 40 were given"),
        (lambda: nnjax.Hyperparameters(others=5), r"are 5, but pairs \(name, value\) were expected"),
        (lambda: nnjax.Hyperparameters(others=[(3, 1.0)]), r"is named 3, but a text was expected"),
        (lambda: replace(BASE, {"batch_size": 10**5000}), r"batch_size is a value of type int, but a whole number"),
        (lambda: nnjax.sweep(BASE, Space({"loss": [[10**5000]]})), r"The loss is a value of type list, but a function"),
        (lambda: replace(BASE, {"epochs": np.bool_(True)}), r"epochs is .*True.*, but a whole number"),
        (lambda: replace(BASE, {3: 1}), r"named by a text such as 'learning_rate', but 3 was given"),
        (lambda: nnjax.sweep(BASE, Space({"seed": {1, 2}})), r"seed .* is {1, 2}, but a list of values"),
        (lambda: nnjax.sweep(BASE, Space({"seed": np.array(3)})), r"is array\(3\), but a list of values"),
        (lambda: nnjax.sweep(BASE, plan=3), r"plan is 3"),
        (lambda: nnjax.sweep(BASE, keep=3), r"keep is 3, but all or best:K"),
        (lambda: nnjax.load(3), r"A path was expected, but 3 was given"),
        (lambda: nnjax.load("a" * 5000), r"is not a run folder"),
        (lambda: nnjax.diagnose(3.5), r"A path was expected, but 3.5 was given"),
        (lambda: nnjax.diagnose({1: [2.0]}), r"holds no curves by name"),
    ],
)
def test_one_sentence(make, message):
    with pytest.raises(UserError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    space = Space({"seed": np.arange(2)}, num=np.int64(3), times=[Space({"epochs": (1, 2)})])
    assert (space.num, type(space.num), space.times[0].axes) == (3, int, {"epochs": (1, 2)})
    found = nnjax.Range(np.float32(0.5), np.int64(2), num=3)
    assert found.points() == [0.5, 1.25, 2.0]
    assert Evolution(factors=[0.5, 2]).factors == (0.5, 2.0)
