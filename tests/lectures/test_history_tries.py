"""What can be tried on the history's page: the perceptron of the slides, and descent beside the formulas."""

import numpy as np
import pytest
from browser import CHROMIUM, browser

from nnjax.lectures.history import chapters
from nnjax.lectures.history.descent import model
from nnjax.lectures.history.descent import page as descent_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed, by which pages are tested")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    line = model.slides_line()
    lines = {"x from 3 to 19": descent_page._bowl(line, -5, 35)}
    made = {
        name: chapters.Chapter(name, ("One.",), (), (), ("A paper.",), tried)
        for name, tried in {"perceptron": {}, "descent": {"lines": lines}, "plain": None}.items()
    }
    path = chapters.write(made, tmp_path_factory.mktemp("history"))
    with browser() as found:
        found.open(path, width=390)
        yield found
        assert not found.errors


def press(page, text):
    page.run(f"[...document.querySelectorAll('button')].find((b) => b.textContent.startsWith('{text}')).click()")
    return page.run("history1998.perceptron.state")


def test_the_perceptron_learns_as_published(page):
    """AND, OR and NAND in the order 00, 01, 10, 11: mistakes, passes and weights (lecture slides); XOR never ends."""
    known = {"AND": (18, 9, [3, 2, -4]), "OR": (9, 6, [2, 2, -1]), "NAND": (18, 9, [-3, -2, 4])}
    for name, (mistakes, epochs, weights) in known.items():
        press(page, name)
        found = press(page, "Until all are right")
        assert (found["mistakes"], found["weights"], found["right"]) == (mistakes, weights, 4)
        assert found["presentations"] == 4 * (epochs - 1)  # the last pass, without a mistake, is not made
    press(page, "XOR")
    assert press(page, "Until all are right")["right"] < 4


def test_points_are_added_and_moved(page):
    """Two points of one class each beside a third of the other: the line moves until all are right."""
    press(page, "OR")
    page.run("document.querySelector('.try-canvas').scrollIntoView({block: 'center'})")
    page.settle()
    box = "document.querySelector('.try-canvas').getBoundingClientRect()"
    x, y, width, height = page.run(f"(({{x, y, width, height}}) => [x, y, width, height])({box})")
    for kind in ("mousePressed", "mouseReleased"):
        page.mouse(kind, x + 0.9 * width, y + 0.9 * height)
    assert page.run("history1998.perceptron.state")["of"] == 5
    assert press(page, "Until all are right")["right"] == 5
    page.drag((x + 0.25 * width, y + 0.75 * height), (x + 0.1 * width, y + 0.9 * height))
    state = page.run("history1998.perceptron.state")
    assert (state["mistakes"], state["of"]) == (0, 5)


def test_points_and_the_start_are_moved_by_keys(page):
    """Of OR's four points the second, a blue one at (0, 1), goes to (−0.05, 1.05); a third is removed."""
    press(page, "OR")
    page.run("document.querySelector('.try-canvas').focus()")
    page.key(" ", " ", "ArrowLeft", "ArrowUp")
    assert press(page, "Until all are right")["right"] == 4
    page.run("document.querySelector('.try-canvas').focus()")
    page.key(" ", "Delete")
    state = page.run("history1998.perceptron.state")
    assert (state["mistakes"], state["of"]) == (0, 3)
    before = page.run("history1998.descent.start")
    page.run("document.querySelectorAll('.try-canvas')[1].focus()")
    page.key("ArrowUp", "ArrowUp", "ArrowLeft")
    moved = np.subtract(page.run("history1998.descent.start"), before)
    assert moved[0] < 0 < moved[1]


@pytest.mark.parametrize("share", [0.1, 0.9, 1.05])
def test_descent_is_that_of_the_formula(page, share):
    """Steps against w − rate · gradient in float64."""
    line = model.slides_line()
    rate = share * model.largest_rate(line)
    w, right = np.zeros(2), [np.zeros(2)]
    for _ in range(20):
        error = w[0] * line.x + w[1] - line.y
        w = w - rate * np.array([2 * (error * line.x).mean(), 2 * error.mean()])
        right.append(w)
    found = page.run(f"history1998.descent.descend('x from 3 to 19', [0, 0], {rate!r}, 20)")
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-9)


def test_it_fits_a_phone(page):
    assert page.run("document.documentElement.scrollWidth") == 390
    assert page.run("document.querySelectorAll('[data-try]').length") == 2
