"""Trackers: tell other tools of a run's settings, curves, verdicts and files while it trains."""

from nnjax.trackers.contract import Curves, Outcome, Tracker, Trial
from nnjax.trackers.event_files import TensorBoard
from nnjax.trackers.json_lines import JSONLines
from nnjax.trackers.services import Trackio, WandB

__all__ = ["Curves", "JSONLines", "Outcome", "TensorBoard", "Tracker", "Trackio", "Trial", "WandB"]
