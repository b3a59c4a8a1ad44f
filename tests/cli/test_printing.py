import dataclasses
import io

import numpy as np
import pytest
import rich
from fake_runs import CLASSIFIER, DEMO, DIVERGED, DONE, WAITING, digits, fake_run, hostile
from rich.console import Console

from nnjax.cli import printing
from nnjax.cli.printing import print_message, summary_table
from nnjax.core.fields import replace
from nnjax.core.text import duration
from nnjax.spaces.space import Space
from nnjax.train.display import Display


def text_of(item, width=160):
    out = Console(file=io.StringIO(), width=width, color_system=None)
    out.print(item)
    return out.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9.6, "0:10"), (75, "1:15"), (3661, "1:01:01"), (600, "10:00"), (float("nan"), "–"), (-3, "0:00")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_messages_are_colored_by_their_severity(monkeypatch):
    out = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=40)
    monkeypatch.setattr(printing, "get_console", lambda: out)
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
    assert f"the first {printing.MAX_SETTINGS} of 40 settings" in drawn
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
