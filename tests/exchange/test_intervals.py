"""`run.predict(x, interval=…)`: against NumPy on drawn networks, coverage, and what may not calibrate."""

import numpy as np
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, REGRESSOR, fake_run, table

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.nn import conformal
from nnjax.spaces.space import Space

SCALED = {"scaling": "standard", "target_scaling": "standard", "widths": (4,)}


@pytest.fixture(scope="module")
def regression():
    """Two targets, one setting with two seeds, 300 calibration examples."""
    experiment = replace(REGRESSOR, {**SCALED, "validation": 300, "test": 600})
    return fake_run(experiment, Space(axes={"seed": (0, 1)}), dataset=table(n=1000))


@pytest.fixture(scope="module")
def folded():
    """Four folds and two seeds."""
    experiment = replace(REGRESSOR, {**SCALED, "data.folds": 4, "test": 100})
    return fake_run(experiment, Space(axes={"data.fold": (0, 1, 2, 3), "seed": (0, 1)}), dataset=table(n=300))


def test_split_intervals_of_the_seeds_mean(regression):
    """Residuals of the mean of both seeds at their final weights, by NumPy; nine in ten of 600 new ones are covered."""
    data = regression.data(0)

    def mean(rows):
        return np.mean([regression.outputs(data.dataset.x[rows], i, "final") for i in (0, 1)], axis=0)

    found = regression.predict(data.dataset.x[data.test], interval=0.9)
    radius = np.sort(abs(mean(data.validation) - data.dataset.y[data.validation]), axis=0)[271 - 1]  # ceil(.9 · 301)
    np.testing.assert_allclose(found.values, mean(data.test), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.high - found.values, np.tile(radius, (600, 1)), rtol=1e-3)
    y = data.dataset.y[data.test]
    covered = ((found.low <= y) & (y <= found.high)).mean(axis=0)
    assert (abs(covered - 0.9) < 0.05).all()
    assert (found.method, found.examples, found.level) == ("split", 300, 0.9)


def test_cv_plus_takes_for_each_example_the_network_that_has_not_seen_it(folded):
    x = folded.data(0).dataset.x[folded.data(0).test]
    centers, residuals, fold = [], [], []
    for place in range(4):
        trials = [spec.id for spec in folded.specs if spec.experiment.data.fold == place]
        rows = folded.data(trials[0]).validation

        def mean(x, trials=trials):
            return np.mean([folded.outputs(x, i, "final") for i in trials], axis=0)

        centers.append(mean(x))
        residuals.append(abs(mean(folded.data(0).dataset.x[rows]) - folded.data(0).dataset.y[rows]))
        fold += [place] * len(rows)
    low, high = conformal.cv_plus(np.stack(centers), np.concatenate(residuals), np.array(fold), 0.8)
    found = folded.predict(x, interval=0.8)
    np.testing.assert_allclose(found.low, low, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.high, high, rtol=1e-4, atol=1e-4)
    assert (found.method, found.examples) == ("CV+", 200)
    with pytest.raises(UserError, match="leave out trial"):
        folded.predict(x, trial=0, interval=0.8)


def test_with_a_fold_for_each_example_it_is_jackknife_plus():
    """Equation 1.4 of Barber et al. (2021), written out for nine examples."""
    experiment = replace(REGRESSOR, {**SCALED, "data.folds": 9, "test": 5})
    run = fake_run(experiment, Space(axes={"data.fold": tuple(range(9))}), dataset=table(n=14))
    x, y, new = run.data(0).dataset.x, run.data(0).dataset.y, run.data(0).test
    ends = []
    for trial in range(9):
        [left_out] = run.data(trial).validation
        gap, center = abs(run.outputs(x[[left_out]], trial, "final") - y[left_out]), run.outputs(x[new], trial, "final")
        ends.append((center - gap, center + gap))
    low, high = np.sort(np.array(ends), axis=0)[[1, 7], [0, 1]]  # of 9, the 10 · .2 = 2nd and the 10 · .8 = 8th
    found = run.predict(x[new], interval=0.8)
    np.testing.assert_allclose(found.low, low, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.high, high, rtol=1e-4, atol=1e-5)
    assert (found.method, found.examples) == ("jackknife+", 9)


@pytest.mark.parametrize("folds", [None, 3])
def test_sets_of_classes_cover_as_often_as_asked(folds):
    """Drawn networks know nothing: the sets of two classes cover nine in ten all the same."""
    changes = {**SCALED, "target_scaling": "none", "validation": 300, "test": 600, "data.folds": folds}
    changes |= {"output_activation": "softmax", "loss": "categorical_crossentropy"}
    space = Space(axes={"data.fold": tuple(range(folds))} if folds else {"seed": (0, 1)})
    run = fake_run(replace(CLASSIFIER, changes), space, dataset=table("classification", 1000))
    data = run.data(0)
    found = run.predict(data.dataset.x[data.test], interval=0.9)
    y = data.dataset.y[data.test]
    assert found.sets[np.arange(600), y].mean() == pytest.approx(0.9, abs=0.05)
    assert 0 < found.sets.mean() < 1
    assert found.names()[0] == found.classes[found.sets[0]].tolist()
    assert set(found.values) <= {"no", "yes"}
    again = run.predict(data.dataset.x[data.test][:5], interval=0.9)
    np.testing.assert_array_equal(again.sets, found.sets[:5])


def test_the_chosen_network_is_calibrated_on_what_is_passed():
    run = fake_run(
        replace(REGRESSOR, {**SCALED, "patience": 2}), Space(axes={"learning_rate": (0.1, 0.2)}), dataset=table()
    )
    data = run.data(0)
    x, y = data.dataset.x[data.test], data.dataset.y[data.test]
    with pytest.raises(UserError, match=r"choose among two settings.*calibration=\(x, y\)"):
        run.predict(x, interval=0.9)
    found = run.predict(x, interval=0.9, calibration=(x, y))
    np.testing.assert_allclose(found.values, run.predict(x), rtol=1e-5)
    np.testing.assert_allclose(run.predict(x, interval=0.9, calibration="test").low, found.low, rtol=1e-5)
    for given, words in (
        ((x, y[:3]), "60 rows of x, but 3 of y"),
        ((x, y[:, 0]), "numbers were expected"),
        ("validation", "'test' was expected"),
        ((x[:5], y[:5]), "at least 9 calibration"),
        ((x[:0], y[:0]), "at least 9 calibration examples, but there are 0"),
        ((x,), "calibration has one part, but"),
        (x, r"calibration is ndarray of shape \(60, "),
    ):
        with pytest.raises(UserError, match=words):
            run.predict(x, interval=0.9, calibration=given)
    none = run.predict(x[:0], interval=np.float32(0.9), calibration=(x, y))
    assert none.low.shape == none.values.shape == (0, *found.values.shape[1:])
    for level in (0, 1, 90, True, "0.9"):
        with pytest.raises(UserError, match="a number between 0 and 1"):
            run.predict(x, interval=level)
    with pytest.raises(UserError, match="without an interval"):
        run.predict(x, calibration="test")


@pytest.mark.parametrize(
    ("experiment", "options", "words"),
    [
        (replace(REGRESSOR, {"patience": 3}), {}, "stop early"),
        (REGRESSOR, {"which": "best"}, "best epoch"),
        (replace(REGRESSOR, {"validation": 0}), {}, "no validation examples"),
        (AUTOENCODER, {}, "an autoencoder predicts no target"),
        (replace(REGRESSOR, {"data.validation": "test"}), {"calibration": "test"}, "had no other use"),
        (replace(CLASSIFIER, {"output_activation": "linear"}), {}, "need probabilities"),
    ],
)
def test_what_has_had_another_use_is_refused(experiment, options, words):
    regression = experiment.model.output_activation == "linear" and experiment.loss == "mean_squared_error"
    run = fake_run(experiment, dataset=table() if regression else None)
    with pytest.raises(UserError, match=words):
        run.predict(run.data(0).dataset.x[:3], interval=0.9, **options)


def test_classes_that_are_passed_are_known_ones():
    run = fake_run(CLASSIFIER)
    data = run.data(0)
    x, y = data.dataset.x[data.test], data.dataset.y[data.test]
    assert run.predict(x, interval=0.8, calibration=(x, y)).sets.shape == (60, 10)
    with pytest.raises(UserError, match=r"the class 1\d"):
        run.predict(x, interval=0.8, calibration=(x, y + 11))


@pytest.mark.parametrize("experiment", [replace(REGRESSOR, SCALED), CLASSIFIER], ids=["numbers", "classes"])
def test_an_ensemble_is_calibrated_on_what_is_passed(experiment):
    """The radius by NumPy (rank ceil(61 · .9) of 60 residuals), the sets of one member are those of its network."""
    regression = experiment.loss == "mean_squared_error"
    run = fake_run(experiment, Space(axes={"seed": (0, 1)}), dataset=table() if regression else None)
    ensemble, data = run.ensemble(2, "seeds"), run.data(0)
    x, y = data.dataset.x[data.test], data.dataset.y[data.test]
    found = ensemble.predict(x, interval=0.9, calibration=(x, y))
    np.testing.assert_array_equal(found.values, ensemble.predict(x))
    if regression:
        radius = np.sort(abs(ensemble.predict(x) - y), axis=0)[55 - 1]
        np.testing.assert_allclose(found.high, ensemble.predict(x) + radius, rtol=1e-5)
    else:
        one = run.ensemble(1, "seeds").predict(x, interval=0.9, calibration=(x, y))
        np.testing.assert_array_equal(one.sets, run.predict(x, which="final", interval=0.9, calibration=(x, y)).sets)
    for given, words in (
        ({"interval": 0.9}, "without calibration, but an ensemble"),
        ({"interval": 0.9, "calibration": "test"}, r"pass calibration=\(x, y\)"),
        ({"interval": 90, "calibration": (x, y)}, "between 0 and 1"),
        ({"calibration": (x, y)}, "without an interval"),
    ):
        with pytest.raises(UserError, match=words):
            ensemble.predict(x, **given)
