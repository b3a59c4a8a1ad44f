"""The gallery's page: one HTML file, its figures inside it and as PNG beside it."""

import pathlib
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from nnjax.core.text import field_name, show
from nnjax.diagnosis.verdicts import CODES
from nnjax.lectures.gallery.rates import Rates, plot_rates
from nnjax.lectures.gallery.training import DiagnosedTrial, Outcome
from nnjax.report import verdict_details
from nnjax.report.charts import figures
from nnjax.report.charts.marked_curves import plot_trial
from nnjax.report.charts.themed_svg import to_svg
from nnjax.report.page import write_page
from nnjax.report.rendering import template

DPI = 130


def write(outcomes: Sequence[Outcome], rates: Rates | None, folder: str | PathLike[str]) -> pathlib.Path:
    """Write FOLDER/report.html and FOLDER/figures/*.png; returns the page's path.

    Args:
      outcomes: of the failure modes, in the order of the page.
      rates: for the figure of the loss against the learning rate; None leaves it out.
      folder: made if it is not there.

    Raises:
      UserError: they cannot be written.
    """
    drawn = {} if rates is None else {"learning_rates": plot_rates(rates)}
    alts = dict.fromkeys(drawn, "Validation loss against the learning rate")
    for one in outcomes:
        for name, trial in ((one.mode.name, one.shown), (f"{one.mode.name}_corrected", one.corrected)):
            if trial is not None:
                drawn[name] = plot_trial(trial.record, trial.diagnosis, trial.experiment.loss)
                alts[name] = f"Learning curves: {trial.diagnosis.primary.sentence}"
    images = {f"{name}.png": figures.to_bytes(figure, DPI) for name, figure in drawn.items()}
    page = template("gallery.html.jinja").render(
        items=[_item(one) for one in outcomes],
        drawings={name: to_svg(figure, alts[name]) for name, figure in drawn.items()},
        has_rates=rates is not None,
        rate_codes=[code for code in CODES if rates and any(code in row for row in rates.codes)],
    )
    target = pathlib.Path(folder) / "report.html"
    write_page(target, page, images)
    return target


def _item(one: Outcome) -> dict[str, Any]:
    """Describe an outcome for the template."""
    return {
        "mode": one.mode,
        "detected": one.detected,
        "found": f"{one.hits} of {one.mode.seeds} seeds" if one.mode.seeds > 1 else "found" if one.hits else "missed",
        "shown": _trial(one.shown, one.mode.changes),
        "corrected": None if one.corrected is None else _trial(one.corrected, one.mode.corrected or {}),
    }


def _trial(trial: DiagnosedTrial, changes: Mapping[str, Any]) -> dict[str, Any]:
    settings = ", ".join(f"{field_name(path)} {show(value)}" for path, value in changes.items())
    return {**verdict_details.verdicts(trial.diagnosis), "settings": settings}
