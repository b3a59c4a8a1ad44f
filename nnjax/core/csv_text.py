"""Write tables for people as CSV: no cell is taken for a formula by a spreadsheet."""

import math
from typing import Any

FORMULAS = tuple("=+-@\t\r＝＋－＠")  # what a spreadsheet takes for the beginning of one (OWASP, "CSV Injection")


def to_csv(frame: Any, **options: Any) -> str:
    """Write a DataFrame as CSV without its index; text that begins as a formula, unlike "-1", gets an apostrophe."""
    safe = frame.rename(columns=neutral)
    for column in safe.columns[[kind.kind not in "biufc" for kind in safe.dtypes]]:
        safe[column] = safe[column].map(neutral)
    return str(safe.to_csv(index=False, lineterminator="\n", **options))


def neutral(cell: Any) -> Any:
    """Return a cell with an apostrophe before it where it is text that begins as a formula."""
    if not isinstance(cell, str) or not cell.lstrip(" ").startswith(FORMULAS):
        return cell
    try:
        finite = math.isfinite(float(cell)) and "_" not in cell and cell.isascii()
    except ValueError:
        finite = False
    return cell if finite else f"'{cell}"
