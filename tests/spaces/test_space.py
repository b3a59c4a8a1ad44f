"""Search spaces, counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.spaces.expansion import expand
from nnjax.spaces.ranges import Range
from nnjax.spaces.space import Arm, Space

BASE = Experiment()


def rates(specs):
    return [spec.experiment.hyperparameters.learning_rate for spec in specs]


def seeds(specs):
    return [spec.experiment.seed for spec in specs]


def test_nothing_is_the_base_alone():
    [spec] = expand(BASE, Space())
    assert (spec.id, spec.experiment, spec.arm, spec.start_from) == (0, BASE, "", None)


def test_a_grid_is_the_product_and_the_seeds_of_a_setting_stand_together():
    specs = expand(BASE, Space(axes={"seed": (5, 6), "learning_rate": (0.1, 0.2), "widths": [(8,), (4, 2)]}))
    assert [spec.id for spec in specs] == list(range(8))
    assert seeds(specs) == [5, 6] * 4
    assert rates(specs) == [0.1] * 4 + [0.2] * 4
    assert [spec.experiment.model.widths for spec in specs] == 2 * [(8,), (8,), (4, 2), (4, 2)]


def test_zip_takes_the_axes_side_by_side_and_the_seeds_still_multiply():
    specs = expand(BASE, Space({"learning_rate": (0.1, 0.2), "batch_size": (8, 16), "seed": range(3)}, mode="zip"))
    assert rates(specs) == [0.1] * 3 + [0.2] * 3
    assert [spec.experiment.batch_size for spec in specs] == [8] * 3 + [16] * 3
    assert seeds(specs) == [0, 1, 2] * 2


def test_static_and_traced_fields_mix():
    axes = {"optimizer.name": ("sgd", "adam"), "learning_rate": Range(0.01, 1, 3, log=True), "dropout": (None, 0.5)}
    specs = expand(BASE, Space(axes))
    assert len(specs) == 12
    assert sorted(set(rates(specs))) == pytest.approx([0.01, 0.1, 1.0])
    assert {spec.experiment.optimizer.name for spec in specs} == {"sgd", "adam"}
    assert {spec.experiment.hyperparameters.dropout for spec in specs} == {None, 0.5}


def test_random_draws_are_those_of_their_seed_and_log_uniform():
    axes = {"learning_rate": Range(1e-4, 1, log=True), "batch_size": (16, 32)}
    one, again, other = (expand(BASE, Space(axes, "random", 2000, seed)) for seed in (1, 1, 2))
    assert one == again
    assert rates(one) != rates(other)
    logs = np.log10(rates(one))
    assert logs.min() >= -4
    assert logs.max() <= 0
    # A uniform variable on [-4, 0] has mean -2 and standard deviation 4 / sqrt(12); the bands are 4 standard errors.
    assert logs.mean() == pytest.approx(-2, abs=4 * 4 / np.sqrt(12 * 2000))
    assert logs.std() == pytest.approx(4 / np.sqrt(12), abs=0.05)
    share = np.mean([spec.experiment.batch_size == 16 for spec in one])
    assert share == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 2000))


@pytest.mark.parametrize("mode", ["sobol", "halton"])
def test_sequences_fill_the_space_more_evenly_than_chance(mode):
    """64 points: one in each of 8 × 8 cells for Sobol; SciPy's centered discrepancy below half of a random design's."""
    axes = {"learning_rate": Range(1e-4, 1, log=True), "dropout": Range(0, 0.5), "batch_size": (16, 32)}
    one, again, other = (expand(BASE, Space(axes, mode, 64, seed)) for seed in (1, 1, 2))
    assert one == again
    assert rates(one) != rates(other)
    unit = np.array(
        [
            (np.log10(s.hyperparameters.learning_rate) / 4 + 1, s.hyperparameters.dropout * 2)
            for s in (spec.experiment for spec in one)
        ]
    )
    chance = np.mean([qmc.discrepancy(np.random.default_rng(seed).random((64, 2))) for seed in range(20)])
    assert qmc.discrepancy(unit) < chance / 2
    assert 28 <= sum(spec.experiment.batch_size == 16 for spec in one) <= 36
    if mode == "sobol":
        assert len({(int(8 * a), int(8 * b)) for a, b in unit}) == 64


def test_spaces_multiply():
    pairs = Space({"dropout": (0.1, 0.2), "l2": (0.01, 0.02)}, "zip")
    specs = expand(BASE, Space({"learning_rate": (0.1, 0.3), "seed": (0, 1)}, times=(pairs, Space({"epochs": (1, 2)}))))
    hypers = [spec.experiment.hyperparameters for spec in specs]
    assert len(specs) == 2 * 2 * 2 * 2
    assert {(h.dropout, h.l2) for h in hypers} == {(0.1, 0.01), (0.2, 0.02)}
    assert rates(specs) == [0.1] * 8 + [0.3] * 8
    assert seeds(specs) == [0, 1] * 8


def test_random_seeds_repeat_each_setting():
    specs = expand(BASE, Space({"learning_rate": Range(0.1, 1), "seed": (0, 1)}, "random", 3))
    assert len(specs) == 6
    assert rates(specs)[::2] == rates(specs)[1::2]


def test_ranges_are_rounded_for_whole_numbers():
    specs = expand(BASE, Space({"batch_size": Range(8, 512, 7, log=True), "limit": Range(1, 2, 2)}))
    assert [spec.experiment.batch_size for spec in specs[::2]] == [8, 16, 32, 64, 128, 256, 512]
    drawn = expand(BASE, Space({"batch_size": Range(1, 4)}, "random", 50))
    assert {spec.experiment.batch_size for spec in drawn} == {1, 2, 3, 4}


@settings(deadline=None)
@given(st.floats(1e-6, 1e3), st.floats(1.001, 1e3), st.integers(2, 50), st.booleans())
def test_points_go_from_end_to_end_evenly(low, factor, num, log):
    """numpy.geomspace and numpy.linspace are the reference."""
    points = Range(low, low * factor, num, log).points()
    assert (points[0], points[-1]) == pytest.approx((low, low * factor), rel=1e-12)
    steps = np.diff(np.log(points) if log else points)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-6)


def test_arms_multiply_and_children_start_from_the_same_setting_and_seed():
    arms = {"first": Arm({"epochs": 4}), "second": Arm({"loss": "huber"}, start_from="first")}
    specs = expand(BASE, Space({"learning_rate": (0.1, 0.2), "seed": (0, 1)}, arms=arms))
    assert [spec.arm for spec in specs] == ["first"] * 4 + ["second"] * 4
    assert [spec.start_from for spec in specs] == [None] * 4 + [0, 1, 2, 3]
    assert [spec.experiment.epochs for spec in specs] == [4] * 4 + [BASE.epochs] * 4
    for spec in specs[4:]:
        parent = specs[spec.start_from]
        assert rates([spec]) == rates([parent])
        assert seeds([spec]) == seeds([parent])


def test_an_axis_goes_over_arms_and_an_arms_own_seed_counts_without_one():
    arms = {"a": Arm({"epochs": 4, "seed": 9})}
    assert expand(BASE, Space(arms=arms))[0].experiment.seed == 9
    [spec] = expand(BASE, Space({"epochs": (5,), "seed": (1,)}, arms=arms))
    assert (spec.experiment.epochs, spec.experiment.seed) == (5, 1)


def test_settings_that_repeat_are_trained_once_and_children_find_their_parents():
    said = []
    arms = {"first": Arm(), "second": Arm(start_from="first"), "first again": Arm()}
    axes = {"learning_rate": (0.1, "0.1", 0.2, 0.10), "seed": (3, 4, 3)}
    specs = expand(BASE, Space(axes, arms=arms), said.append)
    assert rates(specs) == [0.1, 0.1, 0.2, 0.2] * 3
    assert seeds(specs) == [3, 4] * 6
    assert [spec.start_from for spec in specs] == [None] * 4 + [0, 1, 2, 3] + [None] * 4
    assert len(said) == 1
    assert said[0].startswith("remark: 8 of the 12 settings")


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (Space({"lerning_rate": (1,)}), "did you mean hyperparameters.learning_rate"),
        (Space({"learning_rate": ()}), "The axis hyperparameters.learning_rate of the search space is empty"),
        (Space({"seed": ()}), "The axis seed of the search space is empty"),
        (Space({"learning_rate": ()}, "random"), "is empty"),
        (Space({"learning_rate": 0.1}), "is 0.1, but a list of values was expected"),
        (Space({"loss": "huber"}), "is 'huber', but a list of values was expected"),
        (Space({"epochs": ("many",)}), "epochs is 'many'"),
        (Space({"loss": Range(1, 2)}), "loss is 1.0, but text or an object was expected"),
        (Space({"seed": Range(0, 4)}), "list them instead"),
        (Space({"learning_rate": (1, 2), "epochs": (1, 2, 3)}, "zip"), "learning_rate has 2, epochs has 3"),
        (Space({"learning_rate": (1,)}, "gird"), "'gird', but one of grid, zip, random"),
        (Space({"learning_rate": (1,)}, "random", 0), "num=0"),
        (Space({"epochs": (1,)}, times=(Space({"epochs": (2,)}),)), "epochs is an axis of two spaces"),
        (Space(times=(Space({"seed": (2,)}),)), "has seeds or arms"),
        (Space({"learning_rate": (1,)}, "random", 3, -1), "draw_seed=-1"),
        (Space(arms={"a": Arm({"epoch": 1})}), "did you mean epochs"),
        (Space(arms={"a": {"epochs": 1}}), r"The arm 'a' .* but Arm\("),
        (Space(arms={"a": Arm(start_from="b"), "b": Arm()}), "'a' starts from 'b', .* the arms before it are none"),
        (Space(arms={"a": Arm(start_from="a")}), "'a' starts from 'a'"),
        (Space(arms={"x": Arm(), "a": Arm(start_from="b")}), "the arms before it are x"),
    ],
)
def test_impossible_spaces(space, words):
    with pytest.raises(UserError, match=words):
        expand(BASE, space)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 1), "The range 1 to 1 is empty"),
        ((2, 1), "the smaller end comes first"),
        ((float("nan"), 1), "not finite"),
        ((0, float("inf")), "not finite"),
        ((0, 1, 3, True), "cannot begin at 0"),
        ((-1, 1, 3, True), "cannot begin at -1"),
        ((0, 1, 0), "0 points"),
    ],
)
def test_impossible_ranges(arguments, words):
    with pytest.raises(UserError, match=words):
        Range(*arguments)
