"""The record of one section of the report, and the modules that define one."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nnjax.report import sections
from nnjax.report.context import ReportContext

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Section:
    """One section of the report; `SECTION` of a module of `nnjax.report.sections`, whose name is the section's id.

    Attributes:
      title: its headline.
      order: its place; sections are shown from the lowest number to the highest.
      build: computes what the template is given as `content`; None or an empty one leaves the section out.
      template: Jinja source of what stands below the headline, or the name of a file in templates/ (`*.html.jinja`).
      scripts: files in templates/ (without .js) that it needs, each after those that it uses.
      figures: draws the files that belong to it from what `build` returned: matplotlib figures, or the
        bytes of a PNG or SVG, by file name.
      folded: whether a reader has to open it, as what is looked up rather than read.
    """

    title: str
    order: int
    build: Callable[[ReportContext], Any]
    template: str
    scripts: tuple[str, ...] = ()
    figures: Callable[[Any], "Mapping[str, Figure | bytes]"] = lambda content: {}
    folded: bool = False


def find_sections() -> dict[str, Section]:
    """Collect the sections that the modules of `nnjax.report.sections` define: {id: section}, in their order."""
    names = [module.name for module in pkgutil.iter_modules(sections.__path__)]
    found = {name: importlib.import_module(f"{sections.__name__}.{name}").SECTION for name in names}
    return dict(sorted(found.items(), key=lambda item: item[1].order))
