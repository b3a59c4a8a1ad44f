"""Read and write the files of a run folder: atomically, and a damaged one is reported in one sentence."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nnjax.checks.finding import Finding
from nnjax.core.archives import DAMAGE
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.files import as_path, open_regular, write_atomically
from nnjax.core.types import DataFacts
from nnjax.runs import config_json, data_json, layer_statistics, trials_csv
from nnjax.runs.environment import describe_environment
from nnjax.runs.integrity import check_curves, check_data, check_plan, check_schedules
from nnjax.runs.loss_baselines import Key, LossBaselines
from nnjax.train.storage import npz
from nnjax.train.storage.records import Record, Stage, layouts_of, stack_curves

CONFIG, DATA, ENVIRONMENT, EVOLUTION = "config.json", "data.json", "environment.json", "evolution.json"
Known = tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]  # of data.json: facts and findings
CURVES, TRIALS = "curves.npz", "trials.csv"


class RunFiles:
    """Reads and writes the files of a run folder. Every method that reads raises a UserError for a damaged file.

    Args:
      path: the folder.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = as_path(path)

    def write(self, name: str, content: bytes | str) -> None:
        """Write one file atomically; one that holds this already stays, since waiting for the disk takes long."""
        path, data = self.path / name, content.encode("utf-8") if isinstance(content, str) else content
        if not (path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data):
            write_atomically(path, data)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file atomically."""
        self.write(name, json.dumps(content, indent=1) + "\n")

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return os.path.exists(self.path / name)

    def read_optional(self, name: str, parse: Callable[[Any], Any]) -> Any:
        """Read a JSON file and give what `parse` makes of it; None if it is not there."""
        return self._parse(name, parse) if self.has(name) else None

    def _parse(self, name: str, parse: Callable[[Any], Any]) -> Any:
        """Read a JSON file that has to be there, and give what `parse` makes of it."""
        if not os.path.isfile(self.path / name):
            raise UserError(f"{self.path} is not a run folder: it has no {name}.")
        with self._damage_of(name):
            return parse(json.loads((self.path / name).read_text("utf-8")))

    @contextlib.contextmanager
    def _damage_of(self, name: str) -> Iterator[None]:
        """Report in one sentence that a file is not as it was written."""
        try:
            yield
        except (csv.Error, *DAMAGE) as error:
            plain = isinstance(error, OSError) or type(error) in (UserError, ValueError)
            reason = str(error) if plain else f"{type(error).__name__}: {error}"
            raise UserError(
                f"{self.path / name} is damaged ({reason.rstrip('.')}); bring a good copy back, or name another folder."
            ) from None

    def read_config(self) -> config_json.Config:
        """Read config.json, of this format or an older one; UserError if it is missing, damaged or of another."""
        tree = self._parse(CONFIG, lambda tree: tree)
        config_json.refuse_unknown(tree, f"{self.path / CONFIG}")
        with self._damage_of(CONFIG):
            found = config_json.from_json(tree)
        return config_json.with_data(found, self._parse(DATA, data_json.passed) if self.has(DATA) else {})

    def read_facts(self) -> Known:
        """Read data.json: the facts of each data configuration, and the pre-flight findings."""
        return self._parse(DATA, data_json.from_json)

    def read_baselines(self) -> dict[Key, LossBaselines]:
        """Read from data.json what the best constant answers reach."""
        return self._parse(DATA, data_json.baselines_from_json)

    def read_all_facts(
        self, specs: Sequence[TrialSpec]
    ) -> tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]:
        """Read data.json, which has to know the data of all trials."""

        def parse(tree: Any) -> tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]:
            facts, findings = data_json.from_json(tree)
            check_data(specs, facts)
            return facts, findings

        return self._parse(DATA, parse)

    def write_environment(self, layout: Mapping[str, Any], seconds: Sequence[float]) -> None:
        """Write environment.json: where and with what this runs, and the seconds of each session that has ended."""
        self.write_json(ENVIRONMENT, describe_environment(layout, seconds))

    def read_environment(self) -> dict[str, Any]:
        """Read environment.json; empty if it is not there."""

        def parse(tree: Any) -> dict[str, Any]:
            if not isinstance(tree.get("sessions", []), list):
                raise ValueError("its sessions are no list")
            tree["sessions"] = [float(seconds) for seconds in tree.get("sessions", [])]
            return dict(tree)

        return self.read_optional(ENVIRONMENT, parse) or {}

    def read_plan(self) -> list[dict[str, Any]]:
        """Read the plan of each group of trials as it was last time; empty for a new run."""
        return self.read_optional(ENVIRONMENT, lambda tree: [check_plan(one) for one in tree.get("plan", [])]) or []

    def save_schedules(self, schedules: Sequence[Sequence[Stage]]) -> None:
        """Write evolution.json: {trial: [{epoch, parent, hyperparameters}]} of every trial."""
        trees = [
            [{"epoch": s.epoch, "parent": s.parent, "hyperparameters": dict(s.values)} for s in stages]
            for stages in schedules
        ]
        self.write_json(EVOLUTION, {str(trial): stages for trial, stages in enumerate(trees)})

    def read_schedules(self, num_trials: int) -> list[list[Stage]]:
        """Read evolution.json; empty for a run without it."""

        def stage(tree: Mapping[str, Any]) -> Stage:
            values = {name: float(value) for name, value in tree["hyperparameters"].items()}
            return Stage(int(tree["epoch"]), tree["parent"], values)

        def parse(tree: Mapping[str, Any]) -> list[list[Stage]]:
            schedules = [list(map(stage, tree[str(trial)])) for trial in range(num_trials)]
            check_schedules(schedules)
            return schedules

        return self.read_optional(EVOLUTION, parse) or []

    def save_records(self, specs: Sequence[TrialSpec], records: Sequence[Record]) -> None:
        """Write curves.npz and signals.npz, then trials.csv, which is the authority on what is finished."""
        self.write(CURVES, npz.to_bytes(stack_curves(records)))
        measured = layer_statistics.stack(specs, records)
        if measured is not None:
            self.write(layer_statistics.FILE, npz.to_bytes(layer_statistics.to_arrays(measured)))
        known = self.read_environment()
        if known:  # in which lanes a trial began, which its test scores follow
            self.write_json(ENVIRONMENT, known | layouts_of(records))
        self.write(TRIALS, trials_csv.to_text(specs, records))

    def read_records(self, specs: Sequence[TrialSpec]) -> list[Record]:
        """Read trials.csv, curves.npz and signals.npz, or empty records; UserError if damaged, or of other trials."""
        records = [Record() for _ in specs]
        known = self.read_environment()
        with self._damage_of(ENVIRONMENT):
            for name, kind in {"seconds": float, "lanes": int, "devices": int, "moved": int}.items():
                for record, value in zip(records, known.get(f"trial_{name}", []), strict=False):
                    setattr(record, name, None if value is None else kind(value))
        if not self.has(TRIALS):
            return records
        curves = npz.read(self.path / CURVES)[0]
        with self._damage_of(CURVES):
            check_curves(curves, len(specs))
        own = {name for spec in specs for name, _ in spec.experiment.hyperparameters.others}
        with self._damage_of(TRIALS):
            with io.TextIOWrapper(open_regular(self.path / TRIALS), "utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            if len(rows) < len(specs):
                raise ValueError(f"it has {len(rows)} rows, but the run has {len(specs)} trials")
            for number, (record, row) in enumerate(zip(records, rows, strict=False)):  # more: see `FolderStore.grow`
                trials_csv.read_record(record, row, {name: array[number] for name, array in curves.items()}, own)
        if self.has(layer_statistics.FILE):
            with self._damage_of(layer_statistics.FILE):
                arrays = npz.read(self.path / layer_statistics.FILE)[0]
                check_curves({k: a for k, a in arrays.items() if k != layer_statistics.LAYERS}, len(specs), axes=3)
                layer_statistics.fill(arrays, specs, records)
        return records
