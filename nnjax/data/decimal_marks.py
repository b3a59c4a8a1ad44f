"""Decide for all columns of a table what its commas and points mean where a column leaves it open."""

from collections.abc import Mapping

from nnjax.core.errors import UserError
from nnjax.data.columns import Inferred
from nnjax.data.table import Table


def all_commas(found: Mapping[str, Inferred]) -> bool:
    """Whether columns have decimal commas, and none has decimal points."""
    return {one.proven for one in found.values()} - {""} == {","}


def refuse_open(found: Mapping[str, Inferred], table: Table) -> None:
    """Refuse a column whose commas or points are decimal marks or stand between thousands.

    Decimal commas elsewhere settle it where no column has decimal points: commas are decimal marks, and points stand
    between thousands, unless commas divide the cells. Decimal points elsewhere settle points.

    Raises:
      UserError: one is open.
    """
    points = any(one.proven == "." for one in found.values())
    commas = any(one.proven == "," for one in found.values())
    for name, one in found.items():
        if one.ambiguous and not all_commas(found):
            _refuse(name, one.ambiguous, table)
        unambiguous = all_commas(found) and table.separator != ","
        if one.grouped and not unambiguous and (one.likely or commas or (table.separator == ";" and not points)):
            _refuse(name, one.grouped, table)


def _refuse(name: str, text: str, table: Table) -> None:
    what, mark = ("commas", ",") if "," in text else ("points", ".")
    raise UserError(
        f"The column {name!r} of {table.path} has {text!r}, {text.replace(mark, '')} with {what} between thousands, "
        f"and {text.replace(mark, '.')} with decimal {what}: say it with data.decimal=point or data.decimal=comma."
    )
