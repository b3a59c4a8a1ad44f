"""The laws of the trainer for what users bring: a model, a loss, an optimizer, a metric, a scheduler, a tracker.

Each check takes the object as `nnjax.Experiment` does, runs it as a population would, and returns None where all laws
hold; else it raises a `UserError`, one sentence that says which law is broken, with the numbers.
"""

from nnjax.testing.loss import check_loss
from nnjax.testing.metric import check_metric
from nnjax.testing.model import check_model
from nnjax.testing.optimizer import check_optimizer
from nnjax.testing.scheduler import check_scheduler
from nnjax.testing.tracker import check_tracker

__all__ = ["check_loss", "check_metric", "check_model", "check_optimizer", "check_scheduler", "check_tracker"]
