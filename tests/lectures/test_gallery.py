"""The gallery of failure modes: a reduced set is trained and must be detected; the page is read as text."""

import numpy as np
import pytest
from page import Page

from nnjax.core.fields import replace
from nnjax.diagnosis.verdicts import CODES
from nnjax.lectures import gallery
from nnjax.lectures.gallery import training
from nnjax.lectures.gallery.failure_modes import BASE, PLAIN, UPHILL
from nnjax.lectures.gallery.rates import Rates

QUICK = ("rate_too_low", "stopped_too_early", "too_short", "zero_start", "uphill", "shuffled_labels")


@pytest.fixture(scope="module")
def outcomes():
    return gallery.reproduce([mode for mode in gallery.FAILURE_MODES if mode.name in QUICK])


def test_every_verdict_is_provoked():
    assert {mode.code for mode in gallery.FAILURE_MODES} == set(CODES)
    names = [mode.name for mode in gallery.FAILURE_MODES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("mode", gallery.FAILURE_MODES, ids=lambda mode: mode.name)
def test_mistakes_are_changes_of_one_experiment(mode):
    assert replace(BASE, dict(mode.changes)) != BASE
    assert mode.corrected is None or dict(mode.corrected) != dict(mode.changes) or mode.data != mode.corrected_data
    assert {mode.data, mode.corrected_data} <= {PLAIN, UPHILL, *training.FLAWED}


@pytest.mark.slow
def test_the_verdict_is_the_one_provoked(outcomes):
    assert {one.mode.name: one.shown.codes[0] for one in outcomes if not one.detected} == {}
    assert len(outcomes) == len(QUICK)


@pytest.mark.slow
def test_a_right_code_with_the_wrong_advice_is_no_find(outcomes):
    """A network that starts at zero is stuck at the start; told to lower its rate, it would stay there."""
    zero = next(one for one in outcomes if one.mode.name == "zero_start")
    assert zero.shown.finds(zero.mode)
    other = next(mode for mode in gallery.FAILURE_MODES if mode.name == "dead_units")
    assert other.code == zero.mode.code
    assert not zero.shown.finds(other)


@pytest.mark.slow
def test_the_mistake_is_gone_where_it_is_corrected(outcomes):
    for one in outcomes:
        if one.corrected is not None:
            assert one.corrected.diagnosis.primary.code != one.mode.code, one.mode.name


@pytest.mark.slow
def test_the_page(outcomes, tmp_path):
    rates = Rates(
        np.array([0.01, 0.1, 1.0]),
        np.array([[1.0], [0.1], [np.nan]]),
        [["too_slow"], ["converged"], ["diverged"]],
        2.3,
        5,
    )
    path = gallery.write(outcomes, rates, tmp_path / "out")
    found = Page(path.read_text("utf-8"))
    text = " ".join(" ".join(found.text).split())
    assert set(QUICK) | {"overview", "learning_rates"} == set(found.sections())
    for one in outcomes:
        assert one.mode.title in text
        assert one.shown.diagnosis.primary.sentence in text
    assert "missed" not in text
    assert "script" not in found.tags
    assert all(value.startswith(("data:", "#")) for _, name, value in found.attributes if name in ("src", "href"))
    assert (tmp_path / "out" / "figures" / "rate_too_low.png").read_bytes().startswith(b"\x89PNG")


def test_the_regimes_of_the_learning_rate():
    """Within 1.3 times the lowest loss a rate is good; above, it is high while it beats guessing."""
    loss = np.array([2.2, 1.0, 0.12, 0.1, 0.125, 0.5, 2.3, np.nan])[:, None]
    rates = Rates(10.0 ** np.arange(-4, 4), loss, [[""]] * 8, 2.303, 20)
    half = np.sqrt(10)
    expected = [(1e-4 / half, 1e-2 / half), (1e-2 / half, 1 * half), (1 * half, 10 * half), (10 * half, 1e3 * half)]
    found = rates.regimes()
    assert [name for *_, name in found] == ["too low", "good", "high", "too high"]
    assert [ends for *ends, _ in found] == [pytest.approx(ends) for ends in expected]


def test_flawed_digits():
    plain = training.load("digits")
    shuffled, in_order, wrong = training.shuffled(), training.in_order(), training.mislabeled()
    assert (np.bincount(shuffled.y) == np.bincount(plain.y)).all()
    assert (shuffled.x == plain.x).all()
    assert 0.05 < (shuffled.y == plain.y).mean() < 0.15  # one in ten by chance
    assert (np.diff(in_order.y) >= 0).all()
    label_of = {x.tobytes(): y for x, y in zip(plain.x, plain.y, strict=True)}
    right = np.array([label_of[x.tobytes()] == y for x, y in zip(wrong.x, wrong.y, strict=True)])
    cut = int(training.TRAINING * len(right))
    assert right[cut:].all()
    assert 0.15 < 1 - right[:cut].mean() < 0.3
