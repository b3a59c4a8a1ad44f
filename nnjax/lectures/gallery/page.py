"""The gallery's page: one HTML file, its pictures inside it and as PNG beside it."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from nnjax.diagnosis.verdicts import CODES
from nnjax.lectures.gallery.drawing import plot_rates, plot_trial
from nnjax.lectures.gallery.rates import Rates
from nnjax.lectures.gallery.training import Provoked, Shown
from nnjax.report.charts import figures, pictures
from nnjax.report.page import TEMPLATES, template, write_page
from nnjax.report.sections import diagnoses
from nnjax.runs.settings import field_name, show

DPI = 130


def write(provoked: Sequence[Provoked], rates: Rates | None, folder: str | PathLike[str]) -> pathlib.Path:
    """Write FOLDER/report.html and FOLDER/figures/*.png; returns the page's path.

    Args:
      provoked: the mistakes, in the order of the page.
      rates: for the picture of the loss against the learning rate; None leaves it out.
      folder: made if it is not there.

    Raises:
      UserError: they cannot be written.
    """
    from markupsafe import Markup

    images = {f"{name}.png": figures.to_bytes(figure, DPI) for name, figure in _figures(provoked, rates).items()}
    page = template("gallery.html.jinja").render(
        items=[_item(one) for one in provoked],
        images={name: pictures.data_uri(png) for name, png in images.items()},
        has_rates=rates is not None,
        rate_codes=[code for code in CODES if rates and any(code in row for row in rates.codes)],
        style=Markup((TEMPLATES / "style.css").read_text()),
    )
    target = pathlib.Path(folder) / "report.html"
    write_page(target, page, images)
    return target


def _figures(provoked: Sequence[Provoked], rates: Rates | None) -> dict[str, Any]:
    out = {} if rates is None else {"learning_rates": plot_rates(rates)}
    for one in provoked:
        for name, shown in ((one.horror.name, one.shown), (f"{one.horror.name}_mended", one.mended)):
            if shown is not None:
                out[name] = plot_trial(shown.record, shown.diagnosis, shown.experiment.loss)
    return out


def _item(one: Provoked) -> dict[str, Any]:
    """Describe a mistake for the template."""
    return {
        "name": one.horror.name,
        "title": one.horror.title,
        "mistake": one.horror.mistake,
        "look": one.horror.look,
        "code": one.horror.code,
        "found": one.found,
        "luck": f"{one.hits} of {one.seeds} seeds" if one.seeds > 1 else "",
        "shown": _shown(one.shown, one.horror.changes),
        "mended": None if one.mended is None else _shown(one.mended, one.horror.mended or {}),
        "remedy": one.horror.remedy,
    }


def _shown(shown: Shown, changes: Mapping[str, Any]) -> dict[str, Any]:
    settings = ", ".join(f"{field_name(path)} {show(value)}" for path, value in changes.items())
    return {**diagnoses.verdicts(shown.diagnosis), "settings": settings}
