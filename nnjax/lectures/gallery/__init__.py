"""The gallery of horrors (deck section 5), live: every verdict provoked on purpose on real digits, and explained."""

from nnjax.lectures.gallery.failure_modes import HORRORS
from nnjax.lectures.gallery.page import write
from nnjax.lectures.gallery.rates import sweep_rates
from nnjax.lectures.gallery.training import provoke

__all__ = ["HORRORS", "provoke", "sweep_rates", "write"]
