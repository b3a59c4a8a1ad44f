"""The display of a population that trains: on a terminal, elsewhere, in a notebook; and when there is one."""

import io
import sys
import types

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DIVERGED, DONE, RUNNING, WAITING
from rich.console import Console

from nnjax.core.fields import replace
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Arm, Space
from nnjax.train import display as module
from nnjax.train.display import MAX_RUNNING, Display, displayed
from nnjax.train.host.progress import Progress, silent
from nnjax.train.storage.records import Record


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def console(terminal=False, width=120):
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def text_of(item, width=160):
    out = Console(file=io.StringIO(), width=width, color_system=None)
    out.print(item)
    return out.file.getvalue()


def specs(num=4, epochs=10):
    return expand(replace(CLASSIFIER, {"epochs": epochs}), Space(axes={"seed": range(num)}))


def report(some, statuses, share, epochs=3, losses=(0.5, 0.25), left=float("nan")):
    curves = {"train_loss": np.full(epochs, losses[0]), "val_loss": np.full(epochs, losses[1])}
    records = [Record(status, 0 if status == WAITING else epochs, {}, dict(curves)) for status in statuses]
    running = [i for i, status in enumerate(statuses) if status == RUNNING] or [0]
    return Progress(some, records, running, share, left)


def test_a_line_for_each_tenth_where_there_is_no_terminal():
    out, clock = console(), Clock()
    with Display(out, clock) as display:
        for step in range(1, 101):
            clock.now += 0.5
            display(report(specs(), [RUNNING, RUNNING, WAITING, WAITING], step / 100, left=50 - step / 2))
    lines = out.file.getvalue().splitlines()
    assert len(lines) == 12  # the first, ten tenths, and how it ended
    assert lines[0].startswith("  1 %")
    assert lines[5].startswith(" 50 %")
    assert "0:25 elapsed, 0:25 left" in lines[5]
    assert "epoch 3/10, train 0.5, validation 0.25" in lines[5]
    assert lines[-1] == "0 of 4 trials done, 2 running, 2 waiting in 0:50"


def test_one_long_segment_prints_one_line():
    out = console()
    with Display(out, Clock()) as display:
        display(report(specs(1), [DONE], 1.0))
    assert len(out.file.getvalue().splitlines()) == 2


def test_a_minute_without_a_line_is_too_long():
    out, clock = console(), Clock()
    with Display(out, clock) as display:
        for _ in range(13):
            display(report(specs(1), [RUNNING], 0.01))
            clock.now += 10
    assert len(out.file.getvalue().splitlines()) == 3  # at 0 and 70 s, and the end


def test_the_time_left_runs_down_between_two_reports():
    clock = Clock()
    with Display(console(terminal=True), clock) as display:
        display(report(specs(), [RUNNING] * 4, 0.5, left=60.0))
        clock.now += 15
        assert "0:45 left" in text_of(display)


@pytest.mark.parametrize("terminal", [False, True])
def test_nan_and_missing_numbers_do_no_harm(terminal):
    out = console(terminal)
    with Display(out, Clock()) as display:
        display(report(specs(), [RUNNING] * 4, float("nan")))
        display(report(specs(), [DIVERGED, RUNNING, WAITING, WAITING], 0.2, losses=(float("nan"), float("inf"))))
        display(report(specs(), [RUNNING] * 4, 0.3, epochs=0))
        display(report(specs(), [DIVERGED] * 4, 1.5))
    assert "4 diverged" in out.file.getvalue()


def test_terminal_shows_bar_arms_and_epochs():
    out = console(terminal=True)
    some = expand(CLASSIFIER, Space(arms={"[red]digits$": Arm(), "b": Arm()}))
    with Display(out, Clock()) as display:
        display(report(some, [RUNNING, WAITING], 0.25))
        drawn = text_of(display)
    assert "0 [red]digits$" in drawn  # taken literally, not as markup
    assert "25 %" in drawn
    assert "3/6" in drawn
    assert "0 of 2 trials done" in drawn


def test_before_the_first_segment_it_says_what_is_going_on():
    assert "compiling" in text_of(Display(console(), Clock()))


def test_many_running_trials_are_cut():
    display = Display(console(), Clock())
    display(report(specs(20), [RUNNING] * 20, 0.1))
    drawn = text_of(display)
    assert f"and {20 - MAX_RUNNING} more" in drawn


class Notebook:
    """Takes the place of IPython's display: keeps what was shown, and how often it was drawn again."""

    def __init__(self):
        self.shown, self.drawn = [], 0

    def display(self, content, display_id):
        self.shown.append(content)
        return types.SimpleNamespace(update=self.update)

    def update(self, content):
        self.drawn += content is self.shown[0]


def test_a_notebook_cell_is_redrawn_in_place(monkeypatch):
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    out = Console(file=io.StringIO(), force_jupyter=True)
    with Display(out, Clock()) as display:
        display(report(specs(), [RUNNING] * 4, 0.25))
        assert "25 %" in display._repr_mimebundle_([], [])["text/plain"]
        display(report(specs(), [DONE] * 4, 1.0))
    assert (notebook.shown, notebook.drawn) == ([display], 3)
    assert out.file.getvalue() == ""
    assert display._repr_mimebundle_([], [])["text/plain"] == "4 of 4 trials done in 0:00\n"


@pytest.mark.parametrize(
    ("progress", "terminal", "own", "shown"),
    [
        (None, False, silent, False),
        (None, True, silent, True),
        (None, True, print, False),  # something else observes
        (False, True, silent, False),
        (True, False, silent, True),
        (True, True, print, True),
    ],
)
def test_it_is_shown_where_someone_looks(monkeypatch, capsys, progress, terminal, own, shown):
    monkeypatch.setattr(module, "someone_watches", lambda: terminal)
    with displayed(progress, own) as observe:
        observe(report(specs(1), [DONE], 1.0))
    found = capsys.readouterr()
    assert ("1 of 1 trials done in 0:00\n" in found.err) == shown
    assert ("Progress(" in found.out) == (own is print)


def test_nobody_watches_a_pipe():
    assert not module.someone_watches()


def test_in_marimo_the_cell_is_redrawn(monkeypatch):
    """A stand-in for marimo with its three functions; the real one shows the same."""
    drawn = []
    output = types.SimpleNamespace(replace=drawn.append)
    stand_in = types.SimpleNamespace(running_in_notebook=lambda: True, output=output, Html=str)
    monkeypatch.setitem(sys.modules, "marimo", stand_in)
    assert module.someone_watches()
    with Display(Console(file=io.StringIO())) as display:
        display.live.refresh()
    assert "preparing and compiling" in drawn[0]
    monkeypatch.setitem(sys.modules, "marimo", types.SimpleNamespace(running_in_notebook=lambda: False))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert not module.someone_watches()
