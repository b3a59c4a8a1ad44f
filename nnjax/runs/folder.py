"""The run folder: what a run leaves on disk. A killed run leaves the last complete version of each file.

config.json       the experiment and every trial of it: enough to repeat the run
environment.json  versions, device, commit, plan, times
trials.csv        one row a trial
curves.npz        arrays [trial, epoch] by name, NaN past a trial's own epochs
data.json         source, SHA-256, split, scalers, classes, categories; the pre-flight findings
checkpoints/      weights_00017.npz for each finished trial (with keep=best:K for the best), chunk.npz for the trials
                  under way, paused_*.npz for those that wait at a rung
signals.npz       of trials that were looked into while they trained: arrays [trial, epoch, layer] by name; "layers"
                  names the layers
figures/, report.html
sanity.json       what short trials have shown before training (`--sanity`)
certificate.json  what training some trials again has shown (`--certify`)
study.db          of an adaptive search: the Optuna study
evolution.json    of population-based training: each trial's stages (epoch, parent, hyperparameters from then on)
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import IO, Any

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.fields import from_dict, replace
from nnjax.core.files import write_atomically
from nnjax.core.types import DataFacts
from nnjax.runs import files
from nnjax.runs import signals as run_signals
from nnjax.runs.environment import describe_environment
from nnjax.runs.files import FORMAT, Findings
from nnjax.train.storage import npz, retention
from nnjax.train.storage.records import ENDED, MemoryStore, Packed, Record, Stage, stack_curves

STUDY = "study.db"  # of an adaptive search, unless its storage is elsewhere
EVOLUTION = "evolution.json"
CREWS = 2  # format of the trials under way
_BEGUN = ("checkpoints", "data.json", STUDY, f"{STUDY}-journal")  # what a run folder holds before its config.json


class FolderStore(MemoryStore):
    """A run folder. Opening it touches nothing; `begin` makes it and takes it for this process until `release`.

    Args:
      path: the folder.
      announce: is told of damaged files that were passed over; None collects the sentences in `messages`.
      keep: as for `MemoryStore`.
    """

    shared = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        announce: Callable[[str], None] | None = None,
        keep: int | None = None,
    ):
        self.path, self.keep = pathlib.Path(path), keep
        self.messages: list[str] = []
        self.announce = announce or self.messages.append
        self._lock: IO[str] | None = None

    def refuse_unfit(self, specs: Sequence[TrialSpec], rules: Mapping[str, Any] | None = None) -> None:
        """Touch nothing, but refuse a path at which these trials cannot be trained, and dropped or replaced so.

        Raises:
          UserError: it is a file, or a folder of something else or of another experiment.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"The workdir {self.path} is a file; name a folder.")
        if (self.path / "config.json").exists():
            self._refuse_other(specs, rules or {})
        elif self.path.is_dir():
            foreign = [name for name in sorted(os.listdir(self.path)) if name not in _BEGUN and name[0] != "."]
            if foreign:
                raise UserError(
                    f"The workdir {self.path} holds files of something else (such as {foreign[0]}); "
                    "name a new or empty folder."
                )

    def begin(
        self,
        base: Experiment,
        specs: Sequence[TrialSpec],
        facts: Mapping[DataConfig, DataFacts],
        findings: Findings,
        title: str,
        rules: Mapping[str, Any] | None = None,
    ) -> list[Record]:
        """Make the folder for these trials, or find out how far an earlier run of the same trials came.

        Raises:
          UserError: it cannot be written, another process is using it, or it belongs to another experiment.
        """
        self.refuse_unfit(specs, rules)
        new = not self.path.exists()
        try:
            self._take()
            self.refuse_unfit(specs, rules)  # again: another process may have begun it in between
            if not (self.path / "config.json").exists():
                self.write_json("data.json", files.facts_json(facts, findings))
                self.write_json("config.json", files.config_json(base, specs, title, rules, self.keep))
            return self.resume(specs, facts)
        except BaseException:
            self.release()
            if new:
                self._remove_begun()
            raise

    def resume(self, specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts]) -> list[Record]:
        """Find out how far an earlier run of these trials came.

        Raises:
          UserError: the data have changed since, or a file is damaged.
        """
        self._refuse_changed(facts)
        return self._with_weights(specs, self.read_records(specs))

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Make the folder and take it for this process; what was not begun in the end is taken back.

        Raises:
          UserError: it cannot be written, or another process is using it.
        """
        new = not self.path.exists()
        try:
            self._take()
            yield
        finally:
            self.release()
            if new and not (self.path / "config.json").exists():
                self._remove_begun()

    def grow(
        self,
        base: Experiment,
        specs: Sequence[TrialSpec],
        facts: Mapping[DataConfig, DataFacts],
        findings: Findings,
        title: str,
        records: Sequence[Record],
    ) -> None:
        """Write the folder anew for more trials than before: these begin with the earlier ones.

        A kill before config.json, which comes last, leaves rows of trials that it does not list: they do not count.
        """
        if (self.path / "config.json").exists():
            self.save_records(specs, records)
        self.write_json("data.json", files.facts_json(facts, findings))
        self.write_json("config.json", files.config_json(base, specs, title, keep=self.keep))

    def _with_weights(self, specs: Sequence[TrialSpec], records: list[Record]) -> list[Record]:
        """Let trials whose weights should be there, but are gone or damaged, begin again, which is announced.

        Those of the trials under way may not have been written yet: they are in the checkpoint.
        """
        wanted, under_way = retention.best(specs, records, self.keep), self._under_way()
        for spec in reversed(specs):  # children before the parents that they may need
            if records[spec.id].status in ENDED and spec.id in wanted:
                try:
                    self.load_weights(spec.id)
                except UserError as error:
                    if spec.id not in under_way:
                        self.announce(f"warning: {str(error).rstrip('.')}. Trial {spec.id} is trained again.")
                    records[spec.id] = Record()
            wanted |= retention.parents([spec], records)
        return records

    def _under_way(self) -> set[int]:
        """The trials in the last good checkpoint."""
        for path in self._chunks()[:2]:
            with contextlib.suppress(UserError):
                return set(map(int, _read_crews(path)[1]["trials"]))
        return set()

    def _take(self) -> None:
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            self._lock = open(self.path / ".lock", "w")  # noqa: SIM115 (held until the run ends)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"The workdir {self.path} cannot be written ({reason}); name a folder that can.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"Another process is using the workdir {self.path}; wait for it to end, or name another folder."
            ) from None
        self._remove_temporary()

    def release(self) -> None:
        """Let other processes have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _remove_temporary(self) -> None:
        """Remove what a process that was killed in mid-write left."""
        for path in (*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")):
            path.unlink(missing_ok=True)

    def _remove_begun(self) -> None:
        """Take back a folder that could not be begun."""
        with contextlib.suppress(OSError):  # what cannot be removed may stay: `refuse_unfit` knows it
            for name in ("config.json", *_BEGUN[1:], ".lock"):
                (self.path / name).unlink(missing_ok=True)
            (self.path / "checkpoints").rmdir()
            self.path.rmdir()

    def _refuse_other(self, specs: Sequence[TrialSpec], rules: Mapping[str, Any]) -> None:
        _, old, _ = self.read_config()
        what = files.differences(old, specs) + files.rule_differences(self._read_json("config.json"), rules)
        if self.read_keep() != self.keep:
            what.append(f"keep: {retention.keep_text(self.read_keep())} → {retention.keep_text(self.keep)}")
        if what:
            more = f"; and {len(what) - 5} more" if len(what) > 5 else ""
            raise UserError(
                f"The workdir {self.path} belongs to another experiment ({'; '.join(what[:5])}{more}); "
                "repeat the command that made it to resume it, or name a new --workdir."
            )

    def _refuse_changed(self, facts: Mapping[DataConfig, DataFacts]) -> None:
        old, _ = self.read_facts()
        for config, now in facts.items():
            if config in old and old[config].sha256 != now.sha256:
                raise UserError(
                    f"The data {config.name!r} have changed since {self.path} was begun (their SHA-256 differs); "
                    "bring the old ones back, or name a new --workdir."
                )

    def write(self, name: str, content: bytes | str) -> None:
        """Write one file of the folder atomically."""
        write_atomically(self.path / name, content)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file of the folder atomically."""
        self.write(name, json.dumps(content, indent=1) + "\n")

    def weights_path(self, trial: int) -> pathlib.Path:
        """Name the file of a finished trial's weights."""
        return self.path / "checkpoints" / f"weights_{trial:05d}.npz"

    def save_weights(self, trial: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a finished trial's arrays."""
        write_atomically(self.weights_path(trial), npz.to_bytes(arrays))

    def load_weights(self, trial: int) -> dict[str, np.ndarray]:
        """Read them back."""
        return npz.read(self.weights_path(trial))[0]

    def has_weights(self, trial: int) -> bool:
        """Whether their file is there."""
        return self.weights_path(trial).is_file()

    def keep_weights(self, trials: Set[int]) -> None:
        """Remove those of all others."""
        for path in (self.path / "checkpoints").glob("weights_*.npz"):
            if int(path.stem.removeprefix("weights_")) not in trials:
                path.unlink(missing_ok=True)

    def save_chunk(self, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Write the state of the trials under way; the version before is kept beside it."""
        current, previous, fresh = self._chunks()
        _write_crews(fresh, arrays, note)  # before the others are touched
        if current.exists():
            os.replace(current, previous)
        os.replace(fresh, current)

    def load_chunk(self) -> Packed | None:
        """Read the last good state of the trials under way; a damaged file is passed over, which is announced."""
        there = [path for path in self._chunks()[:2] if path.exists()]
        for path in there:
            try:
                return _read_crews(path)
            except UserError as error:
                last = path == there[-1]
                remedy = "The trials under way begin again." if last else "Going back to the version before it."
                self.announce(f"warning: {error} {remedy}")
        return None

    def drop_chunk(self) -> None:
        """Remove the state of trials that have finished."""
        for path in self._chunks():
            path.unlink(missing_ok=True)

    def _paused_path(self, name: str) -> pathlib.Path:
        return self.path / "checkpoints" / f"paused_{name}.npz"

    def save_paused(self, name: str, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
        """Write a crew that waits at a rung."""
        _write_crews(self._paused_path(name), arrays, note)

    def load_paused(self, name: str) -> Packed | None:
        """Read it back; a damaged file is passed over, which is announced."""
        try:
            return _read_crews(self._paused_path(name))
        except UserError as error:
            self.announce(f"warning: {error} The trials in it begin again.")
            return None

    def list_paused(self) -> list[str]:
        """Name the crews that wait, in the order of their names."""
        paths = (self.path / "checkpoints").glob("paused_*.npz")
        return sorted(path.stem.removeprefix("paused_") for path in paths)

    def drop_paused(self, name: str) -> None:
        """Remove one."""
        self._paused_path(name).unlink(missing_ok=True)

    def _chunks(self) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        folder = self.path / "checkpoints"
        return folder / "chunk.npz", folder / "chunk_previous.npz", folder / "chunk_next.npz"

    def save_records(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        """Write curves.npz and signals.npz, then trials.csv, which is the authority on what is finished."""
        self.write("curves.npz", npz.to_bytes(stack_curves(records)))
        signals = run_signals.stack(specs, records)
        if signals is not None:
            self.write(run_signals.FILE, npz.to_bytes(run_signals.to_arrays(signals)))
        self.write("trials.csv", files.trials_csv(specs, records))

    def note_environment(self, layout: Mapping[str, Any], seconds: float | None = None) -> None:
        """Write environment.json: where and with what this runs, and the seconds of each session that has ended."""
        sessions = self.read_environment().get("sessions", [])
        ended = [] if seconds is None else [round(seconds, 3)]
        self.write_json("environment.json", describe_environment(layout, [*sessions, *ended]))

    def read_plan(self) -> list[dict[str, Any]]:
        """Read the plan of each group of trials as it was last time; empty for a new run.

        Raises:
          UserError: environment.json is damaged.
        """
        known = self.read_environment()
        with self._blame("environment.json"):
            return [dict(group) for group in known.get("plan", [])]

    def save_schedules(self, schedules: Sequence[Sequence[Stage]]) -> None:
        """Write evolution.json: the stages of every trial."""
        self.write_json(EVOLUTION, files.schedules_json(schedules))

    def read_schedules(self, num_trials: int) -> list[list[Stage]]:
        """Read them back; empty for a run without an evolution.

        Raises:
          UserError: evolution.json is damaged.
        """
        if not (self.path / EVOLUTION).exists():
            return []
        tree = self._read_json(EVOLUTION)
        with self._blame(EVOLUTION):
            return files.schedules_from_json(tree, num_trials)

    def read_environment(self) -> dict[str, Any]:
        """Read environment.json; empty if it is not there."""
        path = self.path / "environment.json"
        return self._read_json("environment.json") if path.exists() else {}

    def read_optional(self, name: str, parse: Callable[[Any], Any]) -> Any:
        """Read a JSON file and give what `parse` makes of it; None if it is not there.

        Raises:
          UserError: it is damaged.
        """
        if not (self.path / name).exists():
            return None
        with self._blame(name):
            return parse(json.loads((self.path / name).read_text()))

    def _read_json(self, name: str) -> Any:
        if not (self.path / name).is_file():
            raise UserError(f"{self.path} is not a run folder: it has no {name}.")
        with self._blame(name):
            return json.loads((self.path / name).read_text())

    @contextlib.contextmanager
    def _blame(self, name: str) -> Iterator[None]:
        """Say as one sentence that a file of the folder is not as it was written."""
        try:
            yield
        except (csv.Error, *DAMAGE) as error:
            plain = isinstance(error, OSError) or type(error) in (UserError, ValueError)
            reason = str(error) if plain else f"{type(error).__name__}: {error}"
            raise UserError(
                f"{self.path / name} is damaged ({reason.rstrip('.')}); bring a good copy back, or name another folder."
            ) from None

    def read_config(self) -> tuple[Experiment, list[TrialSpec], str]:
        """Read config.json back: the base experiment, the trials, the title.

        Raises:
          UserError: it is missing, damaged or of another format.
        """
        tree = self._read_json("config.json")
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            raise UserError(f"{self.path}/config.json is not of format {FORMAT}, which this version of nnjax reads.")
        with self._blame("config.json"):
            if not tree["trials"]:
                raise ValueError("it lists no trials")
            base = from_dict(tree["experiment"])
            specs = [
                TrialSpec(i, replace(base, t["changes"]), t["arm"], t["start_from"])
                for i, t in enumerate(tree["trials"])
            ]
            return base, specs, str(tree["title"])

    def read_keep(self) -> int | None:
        """Read how many trials' weights the run keeps; None for all.

        Raises:
          UserError: config.json is missing or damaged.
        """
        tree = self._read_json("config.json")
        with self._blame("config.json"):
            return retention.parse_keep(tree.get("keep", retention.ALL))

    def read_facts(self) -> tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]:
        """Read data.json back: the facts of each data configuration, and the pre-flight findings.

        Raises:
          UserError: it is missing or damaged.
        """
        tree = self._read_json("data.json")
        with self._blame("data.json"):
            facts = {DataConfig(**entry["config"]): files.facts_from_json(entry["facts"]) for entry in tree["data"]}
            return facts, [(arm, Finding(*finding)) for arm, finding in tree["findings"]]

    def read_records(self, specs: Sequence[TrialSpec]) -> list[Record]:
        """Read trials.csv, curves.npz and signals.npz back; empty records where they are not there yet.

        Raises:
          UserError: they are damaged, or hold other trials.
        """
        records = [Record() for _ in specs]
        known = self.read_environment()
        with self._blame("environment.json"):
            for name, kind in {"seconds": float, "lanes": int, "devices": int, "moved": int}.items():
                for record, value in zip(records, known.get(f"trial_{name}", []), strict=False):
                    setattr(record, name, None if value is None else kind(value))
        if not (self.path / "trials.csv").exists():
            return records
        curves = npz.read(self.path / "curves.npz")[0]
        with self._blame("trials.csv"):
            with open(self.path / "trials.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            if len(rows) < len(specs):
                raise ValueError(f"it has {len(rows)} rows, but the run has {len(specs)} trials")
            for number, (record, row) in enumerate(zip(records, rows, strict=False)):  # more: see `grow`
                files.read_record(record, row, {name: array[number] for name, array in curves.items()})
        if (self.path / run_signals.FILE).exists():
            with self._blame(run_signals.FILE):
                run_signals.fill(npz.read(self.path / run_signals.FILE)[0], specs, records)
        return records


def _write_crews(path: pathlib.Path, arrays: Mapping[str, np.ndarray], note: Mapping[str, Any]) -> None:
    write_atomically(path, npz.to_bytes(arrays, {**note, "format": CREWS}))


def _read_crews(path: pathlib.Path) -> Packed:
    """Read crews back.

    Raises:
      UserError: the file is damaged, or another version of nnjax wrote it.
    """
    arrays, note = npz.read(path)
    if note.pop("format", None) != CREWS:
        raise UserError(f"{path} is of another version of nnjax.")
    return arrays, note
