"""Refuse tables in which a row is a run or a score rather than an epoch."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.diagnosis.columns import words
from nnjax.diagnosis.readers.cells import NoNumber, is_absent, is_number, numbers

_OF_RUNS = re.compile(
    r"best_epoch|mean_test_score|rank_test_score|mean_fit_time|std_test_score|params?|params?[_/].*|config[/.].*|n_epochs|num_epochs|max_epochs|"
    r"total_epochs|epochs_run|run_name|datetime_start|datetime_complete|runtime|user_attrs_.*|stopped_epoch"
)
_VARIED = (
    "batch_size|bs|dropout|weight_decay|momentum|hidden|hidden_size|hidden_dim|units|layers|num_layers|n_layers|depth|width|"
    "optimizer|activation|seed|fold|model|architecture|arch|lr|learning_rate"
)


def refuse_table_of_runs(
    name: str,
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    epoch: str | None,
    step: str | None,
    trial: str | None,
    curves: Sequence[str],
) -> None:
    """Refuse a table whose rows are runs, models or scores rather than epochs."""
    if len(rows) < 2:
        return
    plain = {column: column.strip().lower().replace(" ", "_") for column in names}
    marks = [column for column in names if _OF_RUNS.fullmatch(plain[column]) and (epoch or _varies(rows, column))]
    varied = [column for column in names if re.fullmatch(_VARIED, plain[column]) and _varies(rows, column)]
    if epoch is not None:
        shuffled = trial is None and _jumps(rows, epoch)
        if shuffled:
            raise UserError(_sentence(name, f"epochs in {epoch.strip()} jump back and forth", [*marks, *varied]))
        return
    if step is not None:
        return
    if marks or len(varied) > 1:
        raise UserError(_sentence(name, "there is no column of epochs", [*marks, *varied]))
    labels = _labels(rows, names[0]) if names else False
    if labels and curves:
        first = str(rows[0].get(names[0])).strip()[:30]
        raise UserError(_sentence(name, f"{names[0].strip() or 'the first column'} names them ({first}, …)", []))


def _sentence(name: str, why: str, columns: Sequence[str]) -> str:
    some = ", ".join(column.strip() for column in columns[:4])
    listed = f"; {some} tell{'s' * (len(columns) == 1)} runs apart" if columns else ""
    return (
        f"The rows of {name} are runs or scores, not epochs ({why}{listed}); the log of one run, with one row an "
        "epoch, was expected."
    )


def _varies(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return len({str(row.get(column, "")).strip() for row in rows[:1000]}) > 1


def _jumps(rows: Sequence[Mapping[str, Any]], epoch: str) -> bool:
    """Whether epochs go down about as often as up, and not to the first one again."""
    try:
        x = numbers([row.get(epoch) for row in rows])
    except NoNumber:
        return False
    x = x[np.isfinite(x)]
    moves = np.diff(x)
    moves = moves[moves != 0]
    if len(moves) < 2 or np.all(moves < 0):
        return False
    down = np.flatnonzero(np.diff(x) < 0)
    restarts = np.isin(x[down + 1], [x[0], x.min()])
    return bool(np.mean(moves < 0) > 0.2 and restarts.mean() < 0.5)


def _labels(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether a column has a name of its own in each row: no number, time or date."""
    cells = [row.get(column) for row in rows]
    texts = [cell for cell in cells if not is_number(cell) and not is_absent(cell)]
    plain = [str(cell) for cell in texts if not re.search(r"\d+[:\-/.]\d+", str(cell)) and set(words(str(cell)))]
    return len(plain) == len(cells) and len(set(plain)) == len(plain)
