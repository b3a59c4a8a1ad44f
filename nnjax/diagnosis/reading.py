"""Read learning curves from anyone's logs, and choose the curves to judge."""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.files import as_path
from nnjax.core.messages import remedy
from nnjax.diagnosis import columns, numbered, rates
from nnjax.diagnosis.columns import NOT_FINITE, WORDS, Choice, Table
from nnjax.diagnosis.readers import READERS
from nnjax.diagnosis.readers.json_tables import from_tree
from nnjax.diagnosis.readers.source import Log, Source
from nnjax.diagnosis.thresholds import FEWEST
from nnjax.diagnosis.types import Curves, TrainingContext

CANDIDATES = (".csv", ".tsv", ".json", ".jsonl", ".log", ".txt")  # in a folder
EXPECTED = "a table, JSON, printed text, TensorBoard logs or an nnjax run folder"


class Loaded(NamedTuple):
    """Curves with what is known beside them."""

    curves: Curves  # of m trials
    names: list[str]  # [m] of the trials; [""] of one that has none
    contexts: list[TrainingContext]  # [m]
    # [m]; what was read, in one line: format, which column is which curve, epochs. "" of nnjax's own runs.
    sources: list[str]
    games: list[bool]  # [m]; whether the losses are those of players in a game (GANs)
    remarks: tuple[str, ...] = ()  # sentences on what was guessed, averaged or left out
    over_steps: bool = False  # whether the points are steps or values of rows, not epochs


class _Trial(NamedTuple):
    name: str
    curves: dict[str, np.ndarray]
    source: str
    is_game: bool
    schedule_epochs: int | None


def read(path: str | os.PathLike[str], named: Mapping[str, str] | None = None) -> Loaded:
    """Read whatever a path names: a log of any of `READERS`, an nnjax run folder, or a folder with one log.

    Args:
      path: the file or folder.
      named: {attribute of `Curves`: column} where the names shall not decide.

    Raises:
      UserError: it is none of these, or there is no loss in it.
    """
    place = as_path(path)
    if not os.path.exists(place):
        raise UserError(f"{path} does not exist; name {EXPECTED}.")
    if _is_run(place):
        return _from_run(place)
    source = Source(place, str(path))
    reader = next((reader for reader in READERS if reader.recognizes(source)), None)
    if reader is None and place.is_dir():
        return read(_only_log(place), named)
    if reader is None:
        raise UserError(_not_recognized(source))
    return assemble(reader.read(source), str(path), reader.name, named)


def _is_run(place: pathlib.Path) -> bool:
    """Whether a folder is of a run of nnjax: a model of Hugging Face has a config.json too."""
    config = place / "config.json"
    if not config.is_file():  # a pipe would be waited for
        return False
    tree = Source(config, str(config)).tree
    return not isinstance(tree, dict) or "format" in tree or ("model_type" not in tree and "architectures" not in tree)


def _only_log(folder: pathlib.Path) -> pathlib.Path:
    """Return the one log in a folder; UserError if there is none, or there are several."""
    found = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in CANDIDATES and file.is_file()]
    kept = [file for file in found[:50] if _is_log(file)]
    if len(kept) == 1:
        return kept[0]
    if not kept:
        raise UserError(
            f"{folder} holds neither TensorBoard event files nor an nnjax run, nor a log; name such a folder, or a "
            "file."
        )
    listed = ", ".join(str(file.relative_to(folder)) for file in kept[:5])
    raise UserError(f"{folder} holds several logs ({listed}{', …' if len(kept) > 5 else ''}); name one of them.")


def _is_log(file: pathlib.Path) -> bool:
    try:
        read(file)
    except UserError:
        return False
    return True


def _not_recognized(source: Source) -> str:
    """Say what was found in the place of learning curves."""
    text = source.text
    if not source.data:
        return f"{source.name} is empty; a header and one row an epoch were expected."
    if not text.strip():
        return f"{source.name} is {'empty' if not source.data.strip() else 'no text file'}; {EXPECTED} was expected."
    if text.lstrip()[:1] in ("{", "["):
        return f"{source.name} is not JSON: it is damaged, or cut off; {EXPECTED} was expected."
    first = next(line.strip() for line in text.splitlines() if line.strip())[:60]
    return (
        f"No curves were recognized in {source.name}, which begins {first!r}; {EXPECTED} was expected: write one row "
        "an epoch as CSV, "
        "with a header such as epoch,loss,val_loss."
    )


def _from_run(path: pathlib.Path) -> Loaded:
    from nnjax.diagnosis.run_curves import contexts_of, curves_of
    from nnjax.runs.folder import FolderStore

    folder = FolderStore(path)
    specs = folder.read_config().specs
    facts, _ = folder.read_all_facts(specs)
    names = [f"trial {spec.id}" for spec in specs]
    records = folder.read_records(specs)
    contexts = contexts_of(specs, facts, folder.read_baselines(), records)
    return Loaded(curves_of(records), names, contexts, [""] * len(names), [False] * len(names))


def from_columns(by_name: Mapping[str, Any], named: Mapping[str, str] | None = None) -> Loaded:
    """Take the curves of one trial, one number per epoch by name, as Keras's History has them.

    Raises:
      UserError: there is no loss, or one that is not a list of numbers, or curves differ in length.
    """
    if not by_name or not all(isinstance(name, str) for name in by_name):
        raise UserError("the mapping holds no curves by name; {'loss': [...], 'val_loss': [...]} was expected.")
    return assemble(from_tree(by_name, "the mapping"), "the mapping", "a mapping", named)


def assemble(log: Log, path: str, form: str, named: Mapping[str, str] | None = None) -> Loaded:
    """Choose the curves of each trial's table and stack them, NaN past its end; UserError for one without a loss."""
    remarks = list(log.remarks)
    trials = [
        trial
        for own, whole in log.tables.items()
        for name, table in ({own: whole} if named else numbered.split(own, whole, path, remarks)).items()
        for trial in _trials(name, table, log, path, form, named, remarks)
    ]
    if not trials:
        raise UserError(
            f"{path} holds no curves; one row an epoch, with a column such as loss or val_loss, was expected."
        )
    longest = max(len(y) for trial in trials for y in trial.curves.values())
    arrays = {name: np.full((len(trials), longest), np.nan) for trial in trials for name in trial.curves}
    diverged = np.full(len(trials), np.nan)
    for row, trial in enumerate(trials):
        for name, y in trial.curves.items():
            arrays[name][row, : len(y)] = y
            if "loss" in name and (y == NOT_FINITE).any():
                diverged[row] = np.fmin(diverged[row], float(np.argmax(y == NOT_FINITE)) + 1)
    return Loaded(
        Curves(**arrays, diverged_at=diverged),
        [trial.name for trial in trials],
        [TrainingContext(schedule_epochs=trial.schedule_epochs) for trial in trials],
        [trial.source for trial in trials],
        [trial.is_game for trial in trials],
        tuple(dict.fromkeys(remarks)),
        bool(log.points),
    )


def _trials(
    name: str, table: Table, log: Log, path: str, form: str, named: Mapping[str, str] | None, remarks: list[str]
) -> list[_Trial]:
    """Make the trials of a table: a set of curves to judge each."""
    choices = [_given(table, named, path)] if named else columns.choose(table) or _by_part(table, path, remarks)
    judged = {column for choice in choices for column in choice.columns.values()}
    out = []
    for choice in choices:
        curves = {
            curve: _as_curve(np.asarray(table[column], float), curve, column)
            for curve, column in choice.columns.items()
        }
        kept = _without_gaps(_measured(curves, choice, path, remarks))
        if any("loss" in curve for curve in kept):
            source = _described(
                choice, kept, [column for column in table if column.strip() and column not in judged], log, form
            )
            head = [f"{choice.head} loss"] * bool(choice.head)
            ends = _schedule_epochs(table, judged, path, remarks)
            out.append(_Trial(", ".join(filter(None, [name, *head])), kept, source, choice.is_game, ends))
    if out:
        return out
    found = ", ".join([repr(column) for column in table if column.strip()][:8]) or "its columns"
    naming = remedy('columns={"loss": NAME}', "--columns=loss=NAME")
    raise UserError(
        f"{path} has no loss among {found}; a column such as loss or val_loss was expected ({naming} names another)."
    )


def _by_part(table: Table, path: str, remarks: list[str]) -> list[Choice]:
    """Take columns named train and valid for losses where both fall from beginning to end: accuracies rise."""
    parts = {"train_loss": columns.TRAIN, "val_loss": set(columns.VALIDATION)}
    named = {curve: [name for name in table if columns.is_named(name, part)] for curve, part in parts.items()}
    chosen = {curve: names[0] for curve, names in named.items() if names}
    measured = [y[np.isfinite(y)] for y in (np.asarray(table[name], float) for name in chosen.values())]
    if len(chosen) < 2 or not all(len(y) > 1 and y[-1] < y[0] for y in measured):
        return []
    listed = " and ".join(chosen.values())
    others = remedy("columns= names others", "--columns names others")
    remarks.append(f"remark: {listed} of {path} are taken for losses, since they fall ({others}).")
    return [Choice("", chosen)]


def _schedule_epochs(table: Table, judged: set[str], path: str, remarks: list[str]) -> int | None:
    """Return the number of epochs where a column of the learning rate says that its schedule has ended."""
    name = rates.rate_of({column: table[column] for column in table if column not in judged})
    if name is None or not rates.has_ended(table[name]):
        return None
    remarks.append(f"remark: {name} of {path} has come down to 0: going on at that rate would gain nothing.")
    return len(table[name])


def _given(table: Table, named: Mapping[str, str], path: str) -> Choice:
    """Take the columns that the user names; UserError if there is no such curve or column."""
    aliases = {"loss": "train_loss", "accuracy": "train_accuracy"}
    by_curve = {aliases.get(curve, curve): column for curve, column in named.items()}
    if unknown := [curve for curve in by_curve if curve not in WORDS]:
        raise UserError(f"{unknown[0]!r} is no curve; {', '.join(WORDS)} can be named.")
    if absent := [column for column in by_curve.values() if column not in table]:
        raise UserError(f"{path} has no column {absent[0]!r}; it has {', '.join(table)[:200]}.")
    return Choice("", by_curve)


def _as_curve(y: np.ndarray, curve: str, column: str) -> np.ndarray:
    """Turn an error of a classifier into its accuracy."""
    found = columns.name_of(column)
    if "accuracy" not in curve or found is None or found.kind != "error":
        return y
    return 1 - y / (100 if np.nanmax(y, initial=0.0) > 1.5 else 1)


def _measured(curves: Mapping[str, np.ndarray], choice: Choice, path: str, remarks: list[str]) -> dict[str, np.ndarray]:
    """Leave out what has no number; of losses that are nan throughout, those beside one that is finite."""
    some = {curve: y for curve, y in curves.items() if not np.isnan(y).all()}
    finite = {curve for curve, y in some.items() if np.isfinite(y).any()}
    if not any("loss" in curve for curve in finite):
        return {curve: y for curve, y in some.items() if "loss" in curve or curve in finite}
    few = {curve for curve in finite if _is_rare(some[curve], [some[one] for one in finite if "loss" in one])}
    for curve in few:
        column, n = choice.columns[curve], int(np.isfinite(some[curve]).sum())
        remarks.append(
            f"remark: {column} of {path} has {n} value{'s' * (n > 1)} only and is left out beside curves with more."
        )
    finite -= few
    for curve in some.keys() - finite - few:
        remarks.append(
            f"remark: {choice.columns[curve]} of {path} is nan throughout and is left out; the {WORDS[curve]} was not "
            "measured, or its data hold nan."
        )
    return {curve: y for curve, y in some.items() if curve in finite}


def _without_gaps(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Keep the places with a value where these are too few to be judged: three values are not the 25 epochs between."""
    some = np.any([~np.isnan(y) for y in curves.values()], axis=0) if curves else np.zeros(0, bool)
    return {name: y[some] for name, y in curves.items()} if some.sum() < FEWEST <= len(some) else curves


def _is_rare(y: np.ndarray, losses: Sequence[np.ndarray]) -> bool:
    """Whether a curve has too few values to be judged (a last evaluation, say) while a loss has many more."""
    n, most = int(np.isfinite(y).sum()), max(int(np.isfinite(loss).sum()) for loss in losses)
    return n < FEWEST and most >= max(FEWEST, 3 * n)


def _described(choice: Choice, curves: Mapping[str, np.ndarray], others: Sequence[str], log: Log, form: str) -> str:
    """Say what was read in one line: format, columns, epochs, what is not used."""
    read = [f"{WORDS[curve]} = {choice.columns[curve].strip()}" for curve in WORDS if curve in curves]
    length = max(map(len, curves.values()))
    count = f"{length:,} points, {log.points}" if log.points else f"{length:,} epoch{'s' * (length != 1)}"
    rest = ", ".join(column.strip() for column in others[:6]) + (", …" if len(others) > 6 else "")
    unused = f"; not used: {rest}" if others else ""
    return f"{form}; {', '.join(read)}; {count}{unused}"
