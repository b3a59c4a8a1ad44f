"""The comparison of runs, against pandas and NumPy on trials.csv."""

import numpy as np
import pandas as pd
import pytest
from populations import CLASSIFIER, blobs, specs_of
from rich.console import Console

import nnjax
from nnjax.comparison import compare, rows_of, settings_label, to_table, write_csv
from nnjax.config import replace
from nnjax.search import Arm, Space
from nnjax.train.records import DIVERGED, RUNNING
from nnjax.types import UserError

SPACE = Space(
    {"learning_rate": (0.01, 0.1), "seed": (0, 1, 2)},
    arms={"small": Arm({"widths": (2,)}), "large": Arm({"widths": (3, 2), "epochs": 2})},
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two arms, two rates, three seeds."""
    folder = tmp_path_factory.mktemp("runs") / "blobs"
    return nnjax.sweep(CLASSIFIER, SPACE, workdir=folder, data=blobs())


def test_means_and_spreads_over_seeds(run):
    """pandas on the table of trials is the reference; the spread is the sample standard deviation."""
    rows = compare([str(run.path)])
    table = pd.read_csv(run.path / "trials.csv")
    groups = table.groupby(["arm", "learning_rate"], sort=False)
    assert [row.label for row in rows] == [f"{arm} learning_rate={rate:g}" for arm, rate in groups.groups]
    for row, (_, group) in zip(rows, groups, strict=True):
        assert (row.run, row.seeds) == ("blobs", 3)
        assert row.epochs == group.epochs.iloc[0]
        for name in ("test_accuracy", "test_loss", "val_loss"):
            assert row.means[name] == pytest.approx(group[name].mean())
            assert row.spreads[name] == pytest.approx(group[name].std(ddof=1))


def test_parameters_and_operations(run):
    """Inputs 4, classes 3. 4·2+2 + 2·3+3 = 19 and 4·3+3 + 3·2+2 + 2·3+3 = 32; an operation for each + and ×."""
    rows = rows_of(run, "x")
    assert [row.parameters for row in rows] == [19, 19, 32, 32]
    assert [row.flops for row in rows] == [2 * (8 + 6)] * 2 + [2 * (12 + 6 + 6)] * 2


def test_labels_name_what_varies_within_an_arm():
    specs = specs_of(CLASSIFIER, {"widths": ((8,), (4, 2)), "seed": (0, 1)})
    assert settings_label(specs, specs[2]) == "widths=(4, 2)"
    assert settings_label(specs[:2], specs[0]) == ""
    specs = specs_of(CLASSIFIER, arms={"a": Arm({"epochs": 2}), "b": Arm({"epochs": 3})})
    assert [settings_label(specs, spec) for spec in specs] == ["a", "b"]


def test_only_finished_trials_count(tmp_path):
    run = nnjax.sweep(replace(CLASSIFIER, {"epochs": 1}), {"seed": (0, 1, 2)}, workdir=tmp_path / "r", data=blobs())
    run.records[1].status = DIVERGED
    [row] = rows_of(run, "name")
    assert (row.label, row.seeds) == ("name", 2)
    assert row.means["val_loss"] == pytest.approx(np.mean([run.records[i].values["val_loss"] for i in (0, 2)]))
    for record in run.records:
        record.status = RUNNING
    run.store.save_records(run.specs, run.records)
    with pytest.raises(UserError, match="No trial of .* has finished; resume its run first, or leave it out"):
        compare([str(tmp_path / "r")])


def test_the_table_and_the_file(run, tmp_path):
    rows = rows_of(run, "blobs")
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(to_table(rows))
    text = console.export_text()
    assert f"{rows[0].means['test_loss']:.4f} ± {rows[0].spreads['test_loss']:.4f}" in text
    assert all(row.label in text for row in rows)
    write_csv(rows, str(tmp_path / "out.csv"))
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.label) == [row.label for row in rows]
    assert list(table.val_loss_spread) == [row.spreads["val_loss"] for row in rows]
