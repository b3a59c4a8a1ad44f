"""The problems of 1986: DECK.md's success rates, medians and families of weights, each with hundreds of nets."""

import jax
import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history.backprop import problems
from nnjax.lectures.history.backprop.model import MLP, uniform
from nnjax.runs import statistics


def share(solved):
    return statistics.proportion(int(np.isfinite(solved).sum()), len(solved))


def test_xor():
    """92 to 96 % within 3,000 sweeps, median 240 to 257; with the mean gradient 89 %, 842."""
    xor = problems.parity(2, 2)
    np.testing.assert_array_equal(xor.x, [[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(xor.targets[:, 0], [0, 1, 1, 0])
    learned = problems.learn(xor, 300)
    low, high = share(learned.solved)
    assert low < 0.96
    assert high > 0.92
    _, low, high = statistics.median(learned.solved)
    assert low < 257
    assert high > 240
    assert learned.costs.shape == (300, 3000)
    mean = problems.learn(xor, 300, rate=0.5 / 4)
    low, high = share(mean.solved)
    assert low < 0.89 < high
    _, low, high = statistics.median(mean.solved)
    assert low < 842 < high


def test_one_net_as_a_numpy_loop():
    """The same first weights, float64, sums and momentum written out: solved after as many changes, at equal costs."""
    xor = problems.parity(2, 2)
    learned = problems.learn(xor, 300)
    place = int(np.nanargmin(learned.solved))
    key = jax.random.split(jax.random.key(0), 300)[place]
    w, b, v, c = (np.asarray(a, float) for layer in uniform(xor.mlp, key, 0.5) for a in layer)
    changes = [0.0] * 4
    for count in range(int(learned.solved[place]) + 1):
        h = 1 / (1 + np.exp(-(xor.x @ w + b)))
        y = 1 / (1 + np.exp(-(h @ v + c)))
        solved = np.abs(y - xor.targets).max() < 0.5
        assert solved == (count == learned.solved[place])
        assert learned.costs[place, count] == pytest.approx(0.5 * ((y - xor.targets) ** 2).sum(), rel=1e-3)
        out = (y - xor.targets) * y * (1 - y)
        back = out @ v.T * h * (1 - h)
        slopes = (xor.x.T @ back, back.sum(axis=0), h.T @ out, out.sum(axis=0))
        changes = [-0.5 * slope + 0.9 * change for slope, change in zip(slopes, changes, strict=True)]
        w, b, v, c = (a + change for a, change in zip((w, b, v, c), changes, strict=True))


def test_symmetry_finds_both_families():
    """A third to two thirds in 4,000 sweeps; antisymmetric; 1 : 1.995–1.997 : 3.98, or 1 : 1.52 : 2.02 in a quarter."""
    problem = problems.symmetry()
    assert problem.x.shape == (64, 6)
    assert problem.targets.sum() == 8  # three bits choose a mirror image
    learned = problems.learn(problem, 200)
    low, high = share(learned.solved)
    assert low < 2 / 3
    assert high > 1 / 3
    found = problems.mirrors(learned)
    assert len(found) == np.isfinite(learned.solved).sum()
    assert max(one.asymmetry for one in found) < 0.05
    assert {one.family for one in found} == set(problems.FAMILIES)
    second = [one for one in found if one.family == "1:1.52:2.02"]
    assert 0.15 < len(second) / len(found) < 0.4
    np.testing.assert_allclose(np.median([one.ratios for one in second], axis=0), [1, 1.52, 2.02], rtol=0.01)
    ratios = np.median([one.ratios for one in found if one not in second], axis=0)
    assert 1.994 < ratios[1] < 1.998
    assert ratios[2] == pytest.approx(3.98, abs=0.01)


def test_a_mirror_by_hand():
    weights = np.array([[4, -2], [-2, 1], [1, -4], [-1, 4], [2, -1], [-4, 2.4]])
    found = problems.mirror(weights)
    assert found.asymmetry == pytest.approx(0.4 / 4)
    np.testing.assert_allclose(found.ratios, [1, (2 + 2.2) / 2, 4])
    assert found.family == "1:2:4"
    with pytest.raises(UserError, match=r"are \[6, 2\], but these are \[5, 2\]"):
        problems.mirror(weights[:5])


def test_the_encoder():
    """All nets; median sweeps until the largest output is right 290 to 420, until all are within .5 490 to 860."""
    learned = problems.learn(problems.encoder(), 100)
    assert np.isfinite(learned.solved).all()
    assert 290 < np.median(learned.chosen) < 420
    assert 490 < np.median(learned.solved) < 860
    codes = problems.codes(learned)
    assert codes.shape == (100, 8, 3)
    apart = np.abs(codes[:, :, None] - codes[:, None]).max(axis=-1) + np.eye(8)
    assert apart.min() > 0.1  # no two inputs have one code


def test_parity_counts_ones():
    problem = problems.parity(4, 8)
    assert problem.mlp.widths == (4, 8, 1)
    assert problem.targets[[0, 1, 3, 7, 15], 0].tolist() == [0, 1, 0, 1, 0]


def test_what_cannot_be_learned_is_refused():
    xor = problems.parity(2, 2)
    with pytest.raises(UserError, match="0 seeds train no net"):
        problems.learn(xor, 0)
    with pytest.raises(UserError, match="The targets span -1 to 1, but sigmoid outputs lie between 0 and 1"):
        problems.learn(xor._replace(targets=2 * xor.targets - 1), 2)
    with pytest.raises(UserError, match=r"The inputs must be \[n, 3\]"):
        problems.learn(xor._replace(mlp=MLP((3, 2, 1))), 2)
