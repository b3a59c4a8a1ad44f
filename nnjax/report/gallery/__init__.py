"""The gallery of horrors (deck section 5), live: every verdict provoked on purpose on real digits, and explained."""

from nnjax.report.gallery.horrors import HORRORS
from nnjax.report.gallery.page import write
from nnjax.report.gallery.rates import sweep_rates
from nnjax.report.gallery.training import provoke

__all__ = ["HORRORS", "provoke", "sweep_rates", "write"]
