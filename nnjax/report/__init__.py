"""One self-contained HTML page, and pictures, from a run."""

from nnjax.report.page import write_report

__all__ = ["write_report"]
