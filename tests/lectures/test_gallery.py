"""The gallery of horrors: a reduced set is trained and must be found out; the page is looked at as text."""

import numpy as np
import pytest
from page import Page

from nnjax.core.fields import replace
from nnjax.diagnosis.verdicts import CODES
from nnjax.lectures import gallery
from nnjax.lectures.gallery import spoiled
from nnjax.lectures.gallery.failure_modes import BASE, PLAIN, UPHILL
from nnjax.lectures.gallery.rates import Rates

QUICK = ("rate_too_low", "stopped_too_early", "too_short", "zero_start", "uphill", "shuffled_labels")


@pytest.fixture(scope="module")
def provoked():
    return gallery.provoke([horror for horror in gallery.HORRORS if horror.name in QUICK])


def test_every_verdict_is_provoked():
    assert {horror.code for horror in gallery.HORRORS} == set(CODES)
    names = [horror.name for horror in gallery.HORRORS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("horror", gallery.HORRORS, ids=lambda horror: horror.name)
def test_mistakes_are_changes_of_one_experiment(horror):
    assert replace(BASE, dict(horror.changes)) != BASE
    assert horror.mended is None or dict(horror.mended) != dict(horror.changes) or horror.data != horror.mended_data
    assert {horror.data, horror.mended_data} <= {PLAIN, UPHILL, *spoiled.SPOILED}


def test_what_was_provoked_is_found_out(provoked):
    assert {one.horror.name: one.codes[0] for one in provoked if not one.found} == {}
    assert len(provoked) == len(QUICK)


def test_the_mistake_is_gone_where_it_is_mended(provoked):
    for one in provoked:
        if one.mended is not None:
            assert one.mended.diagnosis.primary.code != one.horror.code, one.horror.name


def test_the_page(provoked, tmp_path):
    rates = Rates(
        np.array([0.01, 0.1, 1.0]),
        np.array([[1.0], [0.1], [np.nan]]),
        [["too_slow"], ["converged"], ["diverged"]],
        2.3,
        5,
    )
    path = gallery.write(provoked, rates, tmp_path / "out")
    found = Page(path.read_text())
    text = " ".join(" ".join(found.text).split())
    assert set(QUICK) | {"overview", "learning_rates"} == set(found.sections())
    for one in provoked:
        assert one.horror.title in text
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


def test_spoiled_digits():
    plain = spoiled.load("digits")
    shuffled, in_order, wrong = spoiled.shuffled(), spoiled.in_order(), spoiled.mislabelled()
    assert (np.bincount(shuffled.y) == np.bincount(plain.y)).all()
    assert (shuffled.x == plain.x).all()
    assert 0.05 < (shuffled.y == plain.y).mean() < 0.15  # one in ten by chance
    assert (np.diff(in_order.y) >= 0).all()
    label_of = {x.tobytes(): y for x, y in zip(plain.x, plain.y, strict=True)}
    right = np.array([label_of[x.tobytes()] == y for x, y in zip(wrong.x, wrong.y, strict=True)])
    cut = int(spoiled.TRAINING * len(right))
    assert right[cut:].all()
    assert 0.15 < 1 - right[:cut].mean() < 0.3
