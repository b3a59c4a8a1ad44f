"""The run folder as a store: begin or resume it, keep weights in it. A kill leaves complete files.

config.json       format number, the experiment and every trial of it: enough to repeat the run
environment.json  versions, device, commit, plan, times
trials.csv        one row a trial
curves.npz        arrays [trial, epoch] by name, NaN past a trial's own epochs
sources.json      {import path: source code} of the user's model, loss, metrics, …: for the record, never executed
data.json         source, SHA-256, split, scalers, classes, categories; what constant answers reach; the pre-flight
                  findings
checkpoints/      weights_00017.npz for each finished trial (with keep=best:K for the best), chunk.npz for the trials
                  under way, paused_*.npz for those that wait at a rung, epochs_00017.npz of some epochs of a trial
                  (`Run.keep_epochs`)
signals.npz       measured inside the networks while they trained: arrays [trial, epoch, layer] by name; "layers" names
                  them
figures/, report.html
sanity.json       what short trials have shown before training (`--sanity`)
certificate.json  what training some trials again has shown (`--certify`)
study.log         of an adaptive search: the Optuna study
evolution.json    of population-based training: each trial's stages (epoch, parent, hyperparameters from then on)
"""

import contextlib
import fnmatch
import functools
import os
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import MappingProxyType
from typing import Any

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, TrialSpec
from nnjax.core.files import check_out_folder, write_atomically
from nnjax.core.messages import remedy
from nnjax.core.types import Arrays, DataFacts
from nnjax.runs import data_json
from nnjax.runs.checkpoints import FolderCheckpoints
from nnjax.runs.config_json import Config, config_differences, refuse_resuming, sources_of, to_json
from nnjax.runs.data_json import Findings
from nnjax.runs.files import CONFIG, DATA, RunFiles
from nnjax.runs.lock import RENAMED_LOCK, FolderLock
from nnjax.runs.loss_baselines import Baselines
from nnjax.train.storage import npz, retention
from nnjax.train.storage.records import ENDED, OVER, Record

STUDY = "study.log"  # of an adaptive search, unless its storage is elsewhere
SOURCES = "sources.json"
WRITERS = 8  # files of weights that are written at a time
_FIRST = (DATA, SOURCES, STUDY, f"{STUDY}.lock")  # files that a run folder may hold before its config.json


@functools.cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITERS)  # waiting for the disk takes the most time


class FolderStore(RunFiles):
    """Keeps a population in a run folder; see `nnjax.train.storage.store.Store`.

    Opening it touches nothing; `begin` makes it and takes it for this process until `release`.

    Args:
      path: the folder.
      log: called with sentences about damaged files that were passed over; None collects them in `messages`.
      keep: as for `Store`.
    """

    shared = True

    def __init__(self, path: str | os.PathLike[str], log: Callable[[str], None] | None = None, keep: int | None = None):
        super().__init__(path)
        self.keep = keep
        self.messages: list[str] = []
        self.log = log or self.messages.append
        self.checkpoints = FolderCheckpoints(self.path / "checkpoints", self.log, self.finish_writing)
        self._writing: list[Future[None]] = []
        self._lock = FolderLock(self.path, self.log)

    def refuse_unfit(self, specs: Sequence[TrialSpec], rules: Mapping[str, Any] | None = None) -> None:
        """Touch nothing, but refuse a path at which these trials cannot be trained, and dropped or replaced so.

        Raises:
          UserError: it is a file, or a folder of something else, of another experiment or of an older format.
        """
        check_out_folder(self.path)
        if self.has(CONFIG):
            self._refuse_other(specs, rules or {})
        elif self.path.is_dir():
            known = ("checkpoints", *_FIRST)
            names = [name for name in sorted(os.listdir(self.path)) if name not in known and name[0] != "."]
            foreign = [name for name in names if not fnmatch.fnmatch(name, RENAMED_LOCK)]
            if foreign:
                raise UserError(
                    f"The workdir {self.path} holds files of something else (such as {foreign[0]}); "
                    "name a new or empty folder."
                )

    def _refuse_other(self, specs: Sequence[TrialSpec], rules: Mapping[str, Any]) -> None:
        config = self.read_config()
        refuse_resuming(config, f"{self.path}")
        what = config_differences(config, Config(config.base, list(specs), config.title, rules, self.keep))
        if what:
            more = f"; and {len(what) - 5} more" if len(what) > 5 else ""
            raise UserError(
                f"The workdir {self.path} belongs to another experiment ({'; '.join(what[:5])}{more}); "
                + remedy(
                    "repeat the call that made it to resume it, or name a new workdir.",
                    "repeat the command that made it to resume it, or name a new --workdir.",
                )
            )

    def begin(
        self,
        base: Experiment,
        specs: Sequence[TrialSpec],
        facts: Mapping[DataConfig, DataFacts],
        findings: Findings,
        title: str,
        rules: Mapping[str, Any] | None = None,
        baselines: Baselines = MappingProxyType({}),
    ) -> list[Record]:
        """Make the folder for these trials, or find out how far an earlier run of the same trials came.

        Raises:
          UserError: it cannot be written, another process is using it, or it belongs to another experiment.
        """
        self.refuse_unfit(specs, rules)
        try:
            self._lock.take()
            self.refuse_unfit(specs, rules)  # again: another process may have begun it in between
            if not self.has(CONFIG):
                self._write_config(Config(base, list(specs), title, rules or {}, self.keep), facts, findings, baselines)
            return self.resume(specs, facts)
        except BaseException:
            self._lock.undo((CONFIG, *_FIRST))
            raise

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Make the folder and take it for this process, removed if nothing began; UserError if another is using it."""
        self._lock.take()
        try:
            yield
        finally:
            self.release() if self.has(CONFIG) else self._lock.undo(_FIRST)

    def release(self) -> None:
        """Let other processes have the folder, once all is written."""
        try:
            self.finish_writing()
        finally:
            self._lock.release()

    def grow(
        self,
        base: Experiment,
        specs: Sequence[TrialSpec],
        facts: Mapping[DataConfig, DataFacts],
        findings: Findings,
        title: str,
        records: Sequence[Record],
        baselines: Baselines = MappingProxyType({}),
    ) -> None:
        """Write the folder anew for more trials than before: these begin with the earlier ones.

        A kill before config.json, which comes last, leaves rows of trials that it does not list: they do not count.
        """
        if self.has(CONFIG):
            self.save_records(specs, records)
        self._write_config(Config(base, list(specs), title, keep=self.keep), facts, findings, baselines)

    def _write_config(
        self, config: Config, facts: Mapping[DataConfig, DataFacts], findings: Findings, baselines: Baselines
    ) -> None:
        self.write_json(DATA, data_json.to_json(facts, findings, baselines))
        sources = sources_of(config.specs)
        if sources:
            self.write_json(SOURCES, sources)
        self.write_json(CONFIG, to_json(config))

    def resume(self, specs: Sequence[TrialSpec], facts: Mapping[DataConfig, DataFacts]) -> list[Record]:
        """Find out how far an earlier run came; UserError if the data have changed since, or a file is damaged."""
        old, _ = self.read_facts()
        for config, now in facts.items():
            if config in old and old[config].sha256 != now.sha256:
                raise UserError(
                    f"The data {now.name!r} have changed since {self.path} was begun (their SHA-256 differs, which "
                    "covers numbers and names): bring the old ones back, or name a new "
                    f"{remedy('workdir', '--workdir')}."
                )
        records = self._restart_lost(specs, self.read_records(specs))
        if all(record.status in OVER for record in records):
            self.checkpoints.clear()  # which a kill may have left
        return records

    def _restart_lost(self, specs: Sequence[TrialSpec], records: list[Record]) -> list[Record]:
        """Let trials whose weights should be there, but are gone or damaged, begin again, which is logged.

        Those of the trials under way may not have been written yet: they are in the checkpoint.
        """
        wanted, under_way = retention.best(specs, records, self.keep), self.checkpoints.under_way()
        for spec in reversed(specs):  # children before the parents that they may need
            if records[spec.id].status in ENDED and spec.id in wanted:
                try:
                    self.load_weights(spec.id)
                except UserError as error:
                    if spec.id not in under_way:
                        self.log(f"warning: {str(error).rstrip('.')}. Trial {spec.id} is trained again.")
                    records[spec.id] = Record()
            wanted |= retention.parents([spec], records)
        return records

    def note_environment(self, layout: Mapping[str, Any], seconds: float | None = None) -> None:
        """Write environment.json: where and with what this runs, and the seconds of each session that has ended."""
        ended = [] if seconds is None else [round(seconds, 3)]
        self.write_environment(layout, [*self.read_environment().get("sessions", []), *ended])

    def weights_path(self, trial: int) -> pathlib.Path:
        """Name the file of a finished trial's weights."""
        return self.path / "checkpoints" / f"weights_{trial:05d}.npz"

    def save_weights(self, weights: Mapping[int, Arrays]) -> None:
        """Write the arrays of finished trials in threads, several files at a time, while others train.

        What relies on the files waits for them (`finish_writing`), so that a kill finds weights before records.
        """

        def write(trial: int) -> None:
            write_atomically(self.weights_path(trial), npz.to_bytes(weights[trial]))

        self.finish_writing()
        self._writing = [_writers().submit(write, trial) for trial in weights]

    def finish_writing(self) -> None:
        """Wait until weights are written; errors as of writing them."""
        writing, self._writing = self._writing, []
        wait(writing)
        for one in writing:
            one.result()

    def save_records(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        """Write them once the weights of the trials that have ended are there."""
        self.finish_writing()
        super().save_records(specs, records)

    def load_weights(self, trial: int) -> dict[str, np.ndarray]:
        """Read them back."""
        self.finish_writing()
        return npz.read(self.weights_path(trial))[0]

    def has_weights(self, trial: int) -> bool:
        """Whether their file is there."""
        self.finish_writing()
        return self.weights_path(trial).is_file()

    def save_epoch_weights(self, trial: int, arrays: Arrays) -> None:
        """Write the arrays of some epochs of a finished trial."""
        write_atomically(self._epochs_path(trial), npz.to_bytes(arrays))

    def load_epoch_weights(self, trial: int) -> dict[str, np.ndarray]:
        """Read them back; {} where none were kept."""
        path = self._epochs_path(trial)
        return npz.read(path)[0] if path.is_file() else {}

    def _epochs_path(self, trial: int) -> pathlib.Path:
        return self.path / "checkpoints" / f"epochs_{trial:05d}.npz"

    def keep_weights(self, trials: Set[int]) -> None:
        """Remove those of all others; files of other names, such as a user's weights_mine.npz, are left alone."""
        self.finish_writing()
        kept = {self.weights_path(trial) for trial in trials}
        for path in (self.path / "checkpoints").glob("weights_*.npz"):
            if path not in kept and re.fullmatch("weights_[0-9]{5,}", path.stem):
                path.unlink(missing_ok=True)
