"""Populations of layouts: the schedule against scikit-learn's, lanes against solo runs, placement, and bad input."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from sklearn.datasets import load_digits, load_iris
from sklearn.manifold import _t_sne

from nnjax.core.errors import UserError
from nnjax.embed import LayoutConfig, lay_out, quality
from nnjax.embed.affinities import affinities
from nnjax.embed.grid import arrange
from nnjax.embed.tsne import principal, starts

X = load_digits().data[:120] / 16


def test_the_schedule_is_scikit_learns():
    """50 exaggerated iterations of its own descent on the same P from the same start.

    The layout grows sixtyfold meanwhile, and with it what float32 rounds off; other momenta or gains give another size.
    """
    start = starts(X, [0], "random")[0]
    p = squareform(affinities(X, [10.0]).joint[0].astype(np.float64), checks=False)
    theirs, _, _ = _t_sne._gradient_descent(
        _t_sne._kl_divergence,
        start.astype(np.float64).ravel(),
        0,
        50,
        n_iter_check=50,
        momentum=0.5,
        learning_rate=2.5,
        args=[12 * p, 1, len(X), 2],
    )
    theirs = theirs.reshape(-1, 2)
    theirs -= theirs.mean(axis=0)  # which scikit-learn does not do
    ours = lay_out(X, [LayoutConfig(10.0, learning_rate=2.5)], init="random", iterations=50).y[0]
    assert np.linalg.norm(ours - theirs) < 1e-2 * np.linalg.norm(theirs)


def test_a_layout_among_others_is_the_layout_alone():
    """Perplexities, seeds, exaggerations and rates mixed; two devices; the first 50 iterations, before chaos.

    Another neighbor's layout would be wrong by its whole size, rounding where gains turn moves some points by 1 %.
    """
    settings = [
        LayoutConfig(5.0, 0, 12.0, 0.5),
        LayoutConfig(20.0, 1, 4.0, 1.0),
        LayoutConfig(5.0, 1, 12.0, 1.0),
        LayoutConfig(20.0, 1, 12.0, 0.5),
        LayoutConfig(10.0, 2, None, 0.5),
    ]
    together = lay_out(X, settings, init="random", iterations=50)
    assert [s.perplexity for s in together.settings] == [5, 20, 5, 20, 10]
    assert together.settings[4].exaggeration == 12
    for i, setting in enumerate(settings):
        alone = lay_out(X, [setting], init="random", iterations=50)
        assert np.linalg.norm(together.y[i] - alone.y[0]) < 1e-2 * np.linalg.norm(alone.y[0])
        np.testing.assert_allclose(together.history[i], alone.history[0], rtol=2e-3)


def test_equal_settings_give_equal_layouts():
    first, again = lay_out(X, [LayoutConfig(10.0)] * 2, iterations=100).y
    np.testing.assert_array_equal(first, again)


def test_iris_keeps_its_neighborhoods():
    """The project's target is .97; scikit-learn 1.9.1 has .989."""
    x = load_iris().data
    made = lay_out(x, [LayoutConfig(seed=0), LayoutConfig(seed=1)])
    for y in made.y:
        assert quality(x, y, k=10)["trustworthiness"] > 0.98
    assert (np.diff(made.history[:, 6:], axis=1) < 1e-3).all()  # after the exaggeration it only falls


def test_sne_descends_to_a_better_layout_than_pca():
    x = load_iris().data
    found = lay_out(x, [LayoutConfig(30.0)], "sne", iterations=300)
    assert found.history[0, -1] < found.history[0, 0] < 150 * np.log(150 / 30)  # all points in one place
    assert quality(x, found.y[0], k=10)["trustworthiness"] > 0.98


def test_large_perplexity_under_exaggeration_does_not_stay_a_point():
    """Exaggerated attraction contracts the layout by a constant factor a step; without care it ends below float32."""
    found = lay_out(X, [LayoutConfig(39.0, exaggeration=30.0)], iterations=500)
    assert found.y.std() > 0.5
    assert found.divergence[0] < 0.5 * found.history[0, 4]


def test_a_rate_far_too_high_gives_no_finite_divergence_or_a_bad_one():
    high, usual = lay_out(X, [LayoutConfig(10.0, learning_rate=1e9), LayoutConfig(10.0)], iterations=300).divergence
    assert not np.isfinite(high) or high > 2 * usual


@pytest.mark.parametrize(
    ("perplexities", "devices", "shape", "axis"),
    [
        ((5, 5, 30, 30), 2, (2, 2), 0),
        ((5, 5, 5, 5), 2, (1, 4), 1),
        ((5, 10, 30), 2, (3, 2), 1),
        ((5,), 8, (1, 1), 0),
        ((1, 2, 3, 4), 4, (4, 1), 0),
    ],
)
def test_arrangement(perplexities, devices, shape, axis):
    """Every setting is computed in the row of its perplexity, and the devices' shares are equal."""
    grid = arrange(perplexities, devices)
    if perplexities == (5, 10, 30):
        assert grid.cells.size in (4, 6)
    else:
        assert (grid.cells.shape, grid.axis) == (shape, axis)
    assert grid.cells.shape[grid.axis] % grid.num_devices == 0
    np.testing.assert_array_equal(grid.cells[grid.places], np.arange(len(perplexities)))
    for row, perplexity in zip(grid.cells, grid.perplexities, strict=True):
        assert {perplexities[i] for i in row} == {perplexity}


def test_starts():
    """PCA's first component has a spread of 1e-4 and scikit-learn's sign; seeds differ by a hundredth of that."""
    from sklearn.decomposition import PCA

    theirs = PCA(2).fit_transform(X)
    np.testing.assert_allclose(principal(X), theirs / theirs[:, 0].std(), atol=1e-9)
    first, second = starts(X, [0, 1], "pca")
    assert first[:, 0].std() == pytest.approx(1e-4, rel=1e-2)
    assert 0 < np.abs(first - second).max() < 1e-5
    assert starts(X, [0], "random").std() == pytest.approx(1e-4, rel=0.2)


@pytest.mark.parametrize(
    ("x", "settings", "options", "words"),
    [
        (X, [LayoutConfig(40.0)], {}, r"perplexity is 40, but for 120 points a number from 1 to below 40 "),
        (X, [LayoutConfig(0.5)], {}, "perplexity is 0.5"),
        (X, [LayoutConfig(float("nan"))], {}, "perplexity is nan"),
        (np.repeat(X[:40], 3, axis=0), [LayoutConfig(1.0)], {}, "3 rows are identical, more than a perplexity of 1"),
        (np.where(np.arange(120)[:, None] == 7, np.nan, X), [LayoutConfig(5.0)], {}, "1 of 120 rows hold NaN .*row 7"),
        (np.ones((30, 3)), [LayoutConfig(5.0)], {}, "All 30 rows are identical"),
        (X, [LayoutConfig(5.0, learning_rate=-1.0)], {}, "learning_rate is -1"),
        (X, [LayoutConfig(5.0, exaggeration=0.0)], {}, "exaggeration is 0"),
        (X, [LayoutConfig(5.0)], {"iterations": 70}, "iterations is 70, but a multiple of 50"),
        (X, [LayoutConfig(5.0)], {"init": "pac"}, "did you mean pca"),
        (X, [LayoutConfig(5.0)], {"kind": "t-sen"}, "did you mean tsne"),
        (X, [LayoutConfig(5.0)], {"support": "neighbors", "kind": "sne"}, "SNE needs the affinities of all pairs"),
        (X, [LayoutConfig(5.0)], {"support": "some"}, "choose one of all, neighbors"),
        (
            np.zeros((10_001, 1)) + np.arange(10_001)[:, None],
            [LayoutConfig(5.0)],
            {},
            "choose support='neighbors', engine='sklearn'",
        ),
    ],
)
def test_mistakes_get_one_sentence(x, settings, options, words):
    with pytest.raises(UserError, match=words):
        lay_out(x, settings, **options)
