"""Search spaces from the command line."""

import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.spaces.expansion import expand
from nnjax.spaces.overrides import override, parse_axis, pin
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Space

RATE = "hyperparameters.learning_rate"
ARMS = {
    "a": Arm({"epochs": 3}),
    "b": Arm({"epochs": 4, "loss": "huber"}, start_from="a"),
    "c": Arm(),
    "d": Arm(start_from="b"),
}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (RATE, "0.1,0.01", (0.1, 0.01)),
        (RATE, " 1e-3 ,none, ", (0.001, None)),
        (RATE, "log:1e-4:1:16", Range(1e-4, 1.0, 16, log=True)),
        (RATE, "lin:0:0.5:6", Range(0.0, 0.5, 6)),
        (RATE, "log:1e-4:1", Range(1e-4, 1.0, 8, log=True)),
        ("seed", "0,1,2", (0, 1, 2)),
        ("model.widths", "64,32;128", ((64, 32), (128,))),
        ("model.widths", "();8", ((), (8,))),
        ("metrics", "accuracy,huber;none", (("accuracy", "huber"), None)),
        ("loss", "huber,mean_squared_error", ("huber", "mean_squared_error")),
        ("data.name", "csv:a.csv,digits", ("csv:a.csv", "digits")),
        ("shuffle", "true,False", (True, False)),
    ],
)
def test_axes(path, text, expected):
    assert parse_axis(path, text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log:1", "log:LOW:HIGH:POINTS was expected, such as log:0.001:0.1:8"),
        ("lin:a:b", "lin:LOW:HIGH:POINTS"),
        ("lin:0:1:2.5", "lin:LOW:HIGH:POINTS"),
        ("lin:0:1:2:3", "lin:LOW:HIGH:POINTS"),
        ("log:0:1:3", f"{RATE}=log:0:1:3: A logarithmic range cannot begin at 0"),
        ("0.1,fast", "'fast', but a number or none"),
        ("lgo:1:2:3", "'lgo:1:2:3', but a number or none"),
    ],
)
def test_axes_that_are_none(text, words):
    with pytest.raises(UserError, match=words):
        parse_axis(RATE, text)


def test_an_axis_replaces_the_files_under_any_of_its_names():
    space = override(Space({"learning_rate": (1, 2), "epochs": (1,)}), {RATE: "0.5"})
    assert space.axes == {"epochs": (1,), RATE: (0.5,)}
    assert override(space, {"learning_rate": "0.7"}).axes[RATE] == (0.7,)


def test_options():
    space = override(Space(), {"mode": "random", "num": "5", "draw_seed": "3", "learning_rate": "log:0.1:1"})
    assert (space.mode, space.num, space.draw_seed) == ("random", 5, 3)
    assert len(expand(Experiment(), space)) == 5


def test_arms_are_kept_with_those_they_start_from_in_their_order():
    assert list(override(Space(arms=ARMS), {"arms": "d"}).arms) == ["a", "b", "d"]
    assert list(override(Space(arms=ARMS), {"arms": "c, a"}).arms) == ["a", "c"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"arms": "e"}, "There is no arm 'e'; the arms are a, b, c, d"),
        ({"arms": " , "}, "No arm is named; the arms are a, b, c, d"),
        ({"lerning_rate": "1"}, "did you mean hyperparameters.learning_rate"),
        ({"arm": "a"}, "Unknown field 'arm' of the search space; did you mean arms"),
        ({"drawseed": "1"}, "did you mean draw_seed"),
        ({"num": "3"}, "--space.num is read in the modes random, sobol, halton, adaptive only"),
        (
            {"draw_seed": "3", "mode": "zip"},
            "--space.draw_seed is read in the modes random, sobol, halton, adaptive only",
        ),
        ({"mode": "random", "num": "many"}, "space.num is 'many', but a whole number"),
    ],
)
def test_mistakes(texts, words):
    with pytest.raises(UserError, match=words):
        override(Space(arms=ARMS), texts)


def test_arms_of_a_space_without_arms_or_with_a_lost_parent():
    with pytest.raises(UserError, match="this configuration has no arms"):
        override(Space(), {"arms": "a"})
    lost = override(Space(arms={"x": Arm(start_from="gone")}), {"arms": "x"})
    with pytest.raises(UserError, match="'x' starts from 'gone'"):
        expand(Experiment(), lost)


def test_pinned_fields_hold_everywhere():
    """What --config.FIELD sets: the base's value, in every arm and at every point of the other axes."""
    space = pin(Space({"learning_rate": (1, 2), "seed": range(5)}, arms=ARMS), ["epochs", RATE, "seed"])
    specs = expand(Experiment(epochs=7, seed=9), space)
    assert [spec.arm for spec in specs] == ["a", "b", "c", "d"]
    assert {spec.experiment.epochs for spec in specs} == {7}
    assert {spec.experiment.seed for spec in specs} == {9}
    assert specs[1].experiment.loss == "huber"
    assert [spec.start_from for spec in specs] == [None, 0, None, 1]
    with pytest.raises(UserError, match="Unknown field"):
        pin(Space(), ["color"])
