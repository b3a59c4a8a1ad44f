import dataclasses
import io

import numpy as np
import pytest
import rich
from fake_runs import CLASSIFIER, DEMO, DIVERGED, DONE, RUNNING, WAITING, digits, fake_run, hostile
from rich.console import Console

from nnjax.cli import progress
from nnjax.cli.progress import Display, print_message, summary_table
from nnjax.core.fields import replace
from nnjax.core.text import duration
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Arm, Space
from nnjax.train.host.progress import Progress
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


def report(some, statuses, share, epochs=3, losses=(0.5, 0.25)):
    curves = {"train_loss": np.full(epochs, losses[0]), "val_loss": np.full(epochs, losses[1])}
    records = [Record(status, 0 if status == WAITING else epochs, {}, dict(curves)) for status in statuses]
    running = [i for i, status in enumerate(statuses) if status == RUNNING] or [0]
    return Progress(some, records, running, share)


def test_a_line_for_each_tenth_where_there_is_no_terminal():
    out, clock = console(), Clock()
    with Display(out, clock) as display:
        for step in range(1, 101):
            clock.now += 0.5
            display(report(specs(), [RUNNING, RUNNING, WAITING, WAITING], step / 100))
    lines = out.file.getvalue().splitlines()
    assert len(lines) == 11  # ten tenths, and how it ended
    assert lines[4].startswith(" 50 %")
    assert "0:25 elapsed, 0:25 left" in lines[4]
    assert "epoch 3/10, train 0.5, validation 0.25" in lines[4]
    assert lines[-1] == "0 of 4 trials done, 2 running, 2 waiting in 0:50"


def test_one_long_segment_prints_one_line():
    out = console()
    with Display(out, Clock()) as display:
        display(report(specs(1), [DONE], 1.0))
    assert len(out.file.getvalue().splitlines()) == 2


def test_time_left_of_a_resumed_run_counts_this_session_only():
    clock = Clock()
    display = Display(console(), clock)
    with display:
        clock.now += 10  # three of four trials are from an earlier session: 10 s for the share from .75 to .8
        display(report(specs(), [DONE, DONE, DONE, RUNNING], 0.8))
        assert display._left() == pytest.approx(10 * 0.2 / 0.05)


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
    assert f"and {20 - progress.MAX_RUNNING} more" in drawn


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9.6, "0:10"), (75, "1:15"), (3661, "1:01:01"), (600, "10:00"), (float("nan"), "–"), (-3, "0:00")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_messages_are_colored_by_their_severity(monkeypatch):
    out = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=40)
    monkeypatch.setattr(progress, "get_console", lambda: out)
    print_message("warning (arm): " + "much [bold]text[/bold] " * 5)
    written = out.file.getvalue()
    assert written.startswith("\x1b[33mwarning\x1b[0m (arm)")
    assert "[bold]" in written
    assert written.count("\n") == 1
    print_message("Plan: 2 devices")
    assert out.file.getvalue().endswith("Plan: 2 devices\n")


def test_default_console_is_the_one_that_messages_use():
    assert Display().console is rich.get_console()


def test_summary_is_the_mean_over_seeds_with_the_standard_deviation():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.01), "seed": (0, 1)}))
    for trial, right in enumerate((0.9, 0.8, 0.5, 0.6)):
        run.records[trial].values |= {"test_accuracy": right, "best_val_accuracy": right, "best_val_loss": 1 - right}
    drawn = text_of(summary_table(run)).splitlines()
    row = next(line for line in drawn if "learning_rate 0.1" in line)
    assert "15.00 ±7.07 %" in row  # errors 10 and 20 %: mean 15, sample deviation 10 / √2
    assert "0.15 ±0.07" in row
    assert "test part" in drawn[0]


def test_summary_of_a_mixed_and_partly_diverged_run():
    drawn = text_of(summary_table(fake_run(space=DEMO, statuses={0: DIVERGED, 1: WAITING})))
    rows = {line.split()[0]: line for line in drawn.splitlines() if line.strip()}
    assert "1 diverged" in rows["digits64"]
    assert "1 waiting" in rows["digits64_sig"]
    assert "%" in rows["mlp"]
    assert "%" not in rows["digits64_bce"]


def test_trials_that_diverged_do_not_count():
    run = fake_run(CLASSIFIER, Space(axes={"seed": (0, 1)}), statuses={1: DIVERGED})
    run.records[0].values |= {"test_accuracy": 0.9, "best_val_loss": 0.5}
    run.records[1].values |= {"test_accuracy": 0.1, "best_val_loss": 2.5}  # of the initial weights
    drawn = text_of(summary_table(run))
    assert "10.00 %" in drawn
    assert "0.5 " in drawn
    assert "1, 1 diverged" in drawn


def test_a_narrow_terminal_does_not_squeeze_the_names():
    run = fake_run(space=dataclasses.replace(DEMO, axes={"seed": (0, 1, 2)}))
    assert "digits64_bce" in text_of(summary_table(run), width=80)


def test_summary_takes_names_literally():
    assert "[red]$a_b$" in text_of(summary_table(hostile()))


def test_summary_of_a_large_sweep_shows_the_best_settings():
    rates = np.linspace(0.01, 1, 40).tolist()
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": rates}), digits(), dict.fromkeys(range(40), WAITING))
    for trial, record in enumerate(run.records):
        record.status = DONE
        record.values |= {"best_val_loss": -trial / 100, "test_accuracy": trial / 100}
    drawn = text_of(summary_table(run))
    assert f"the first {progress.MAX_SETTINGS} of 40 settings" in drawn
    assert drawn.index("learning_rate 1 ") < drawn.index("learning_rate 0.97462")
    assert "learning_rate 0.01 " not in drawn


def test_summary_shows_what_it_is_sorted_by_and_the_metrics_asked_for():
    asked = {"metrics": ("balanced_accuracy", "f1_1"), "select": "balanced_accuracy", "evaluate_test": "chosen"}
    run = fake_run(replace(CLASSIFIER, asked), Space(axes={"learning_rate": (0.1, 0.01)}))
    for record, value in zip(run.records, (0.62, 0.81), strict=True):
        record.values |= {"best_val_balanced_accuracy": value, "best_val_f1_1": value / 2, "best_val_loss": value}
    drawn = text_of(summary_table(run))
    assert "; the best validation balanced accuracy first" in " ".join(drawn.split())
    rows = [line.split() for line in drawn.splitlines() if "learning_rate 0" in line]
    assert [row[1] for row in rows] == ["0.01", "0.1"]
    assert {"0.81", "0.405"} <= set(rows[0])
    assert {"0.62", "0.31"} <= set(rows[1])
    assert "balanced accuracy" in " ".join(drawn.split())
    assert "f1 of 1" in " ".join(drawn.split())
