"""The comparison of runs, against pandas on the table of trials."""

import dataclasses
import io

import pandas as pd
import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DIVERGED, RUNNING, fake_run
from rich.console import Console

from nnjax.cli.comparison import compare, rows_of, to_table, write_csv
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.runs.folder import FolderStore
from nnjax.spaces.space import Arm, Space

SPACE = Space(
    {"learning_rate": (0.01, 0.1), "seed": (0, 1, 2)},
    arms={"small": Arm({"widths": (2,)}), "large": Arm({"widths": (3, 2), "epochs": 2})},
)


@pytest.fixture(scope="module")
def run():
    """Two arms, two rates, three seeds: scores that differ from trial to trial."""
    return fake_run(CLASSIFIER, SPACE)


def saved(run, path):
    """Put a made-up run into a run folder."""
    store = FolderStore(path)
    facts = {run.specs[0].experiment.data: run.facts()}
    store.begin(run.specs[0].experiment, run.specs, facts, (), "")
    store.save_records(run.specs, run.records)
    store.release()
    return str(path)


def test_means_and_spreads_over_seeds(run, tmp_path):
    """The spread is the sample standard deviation."""
    rows = compare([saved(run, tmp_path / "one"), saved(run, tmp_path / "two")])
    assert [row.run for row in rows] == ["one"] * 4 + ["two"] * 4
    table = pd.read_csv(tmp_path / "one" / "trials.csv")
    groups = table.groupby(["arm", "learning_rate"], sort=False)
    assert [row.label for row in rows[:4]] == [f"{arm}, learning_rate {rate:g}" for arm, rate in groups.groups]
    for row, (_, group) in zip(rows[:4], groups, strict=True):
        assert row.seeds == 3
        assert row.epochs == group.epochs.iloc[0]
        for name in ("test_accuracy", "val_loss"):
            assert row.means[name] == pytest.approx(group[name].mean())
            assert row.spreads[name] == pytest.approx(group[name].std(ddof=1))
            assert row.spreads[name] > 0


def test_parameters_and_operations(run):
    """64 inputs, 10 classes; an operation for each multiplication and each addition of the products."""
    small, large = (64 * 2, 2 * 10), (64 * 3, 3 * 2, 2 * 10)
    rows = rows_of(run, "x")
    assert [row.parameters for row in rows] == 2 * [sum(small) + 2 + 10] + 2 * [sum(large) + 3 + 2 + 10]
    assert [row.flops for row in rows] == 2 * [2 * sum(small)] + 2 * [2 * sum(large)]


def test_only_finished_trials_count(tmp_path):
    run = fake_run(AUTOENCODER, Space({"seed": (0, 1, 2)}), statuses={1: DIVERGED})
    [row] = rows_of(run, "name")
    assert (row.label, row.seeds) == ("64-16-4-16-64", 2)
    losses = [run.records[i].values["val_loss"] for i in (0, 2)]
    assert row.means["val_loss"] == pytest.approx(sum(losses) / 2)
    path = saved(fake_run(AUTOENCODER, statuses={0: RUNNING}), tmp_path / "r")
    with pytest.raises(UserError, match=r"No trial of .* has finished; resume its run first, or leave it out"):
        compare([path])


def test_the_table_and_the_file(run, tmp_path):
    rows = rows_of(run, "digits")
    console = Console(width=200, file=io.StringIO())
    console.print(to_table(rows))
    text = console.file.getvalue()
    assert f"{rows[0].means['val_loss']:.4f} ± {rows[0].spreads['val_loss']:.4f}" in text
    assert all(row.label in text for row in rows)
    write_csv(rows, str(tmp_path / "out.csv"))
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.label) == [row.label for row in rows]
    assert list(table.val_loss_spread) == [row.spreads["val_loss"] for row in rows]


def test_a_model_that_is_not_imported_has_no_counts(run):
    """Of a model of one's own the run folder has the name alone: nothing is counted, not 0."""
    own = fake_run(CLASSIFIER, SPACE)
    named = replace(CLASSIFIER, {"model.kind": "package:Net"})
    own.__dict__["all_settings"] = [dataclasses.replace(one, experiment=named) for one in run.all_settings[:1]]
    [row] = rows_of(own, "x")
    assert (row.parameters, row.flops) == (None, None)
    console = Console(width=200)
    with console.capture() as text:
        console.print(to_table([row]))
    assert "│          – │    – │" in text.get()
