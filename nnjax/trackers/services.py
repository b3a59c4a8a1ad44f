"""Trackers of other services: Weights & Biases and trackio. Both take one run a trial, written when all have ended."""

import contextlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.extras import require
from nnjax.trackers.contract import Curves, Outcome, Trial


class Told(NamedTuple):
    """What is known of one trial: epochs as {curve: value}."""

    trial: Trial
    rows: list[dict[str, float]]


class Collected:
    """Keep what is told until the end: these services know one run at a time, which takes a second each."""

    def __init__(self) -> None:
        self.told: dict[int, Told] = {}

    def begin(self, trials: Sequence[Trial]) -> None:
        """Take the trials."""
        self.told |= {one.number: Told(one, []) for one in trials}

    def update(self, curves: Sequence[Curves]) -> None:
        """Take new epochs."""
        for one in curves:
            rows = zip(*(np.asarray(values).tolist() for values in one.values.values()), strict=True)
            self.told[one.trial].rows.extend(dict(zip(one.values, row, strict=True)) for row in rows)


def _summary(outcome: Outcome) -> dict[str, Any]:
    return {**outcome.values, "status": outcome.status, "verdict": outcome.verdict}


class WandB(Collected):
    """Weights & Biases: one run a trial, in the group of its setting.

    Args:
      project: its name.
      options: of `wandb.init`, such as mode="offline", entity or dir; settings are silent where none are given.
    """

    def __init__(self, project: str, **options: Any):
        super().__init__()
        self.wandb = require("wandb", "nnjax[trackers]", "The tracker WandB")
        self.project, self.options = project, options

    def end(self, outcomes: Sequence[Outcome], files: Sequence[pathlib.Path]) -> None:
        """Write all runs."""
        for outcome in outcomes:
            trial, rows = self.told[outcome.trial]
            name = f"trial {trial.number}"
            given = {"project": self.project, "name": name, "group": trial.group, "config": dict(trial.settings)}
            given["settings"] = self.wandb.Settings(silent=True)  # 27 lines a run else
            run = self.wandb.init(**{**given, "reinit": "create_new", **self.options})
            for epoch, row in enumerate(rows, 1):
                run.log(row, step=epoch)
            run.summary.update(_summary(outcome))
            run.finish()


class Trackio(Collected):
    """trackio (by Hugging Face, on this machine or a Space): one run a trial.

    Args:
      project: its name.
      options: of `trackio.init`, such as space_id.
    """

    def __init__(self, project: str, **options: Any):
        super().__init__()
        self.trackio = require("trackio", "nnjax[trackers]", "The tracker Trackio")
        self.project, self.options = project, options

    def end(self, outcomes: Sequence[Outcome], files: Sequence[pathlib.Path]) -> None:
        """Write all runs."""
        for outcome in outcomes:
            trial, rows = self.told[outcome.trial]
            config: Mapping[str, Any] = {**trial.settings, "group": trial.group, **_summary(outcome)}
            name = f"trial {trial.number}"
            with contextlib.redirect_stdout(None):  # two lines a run else
                self.trackio.init(project=self.project, name=name, config=dict(config), **self.options)
                for epoch, row in enumerate(rows, 1):
                    self.trackio.log(row, step=epoch)
                self.trackio.finish()
