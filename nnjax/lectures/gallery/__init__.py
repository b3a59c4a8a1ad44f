"""The gallery of failure modes (section 5 of the lecture slides): each verdict provoked on purpose on real digits."""

from nnjax.lectures.gallery.failure_modes import FAILURE_MODES
from nnjax.lectures.gallery.page import write
from nnjax.lectures.gallery.rates import sweep_rates
from nnjax.lectures.gallery.training import reproduce

__all__ = ["FAILURE_MODES", "reproduce", "sweep_rates", "write"]
