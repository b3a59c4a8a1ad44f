"""Split a table whose losses are numbered (loss0, loss1, …), those of several runs or heads, into a table a number."""

import re

from nnjax.diagnosis.columns import Table, name_of

_NUMBERED = re.compile(r"(.*?(?:loss|losses|acc|accuracy))[ _.-]?(\d+)", re.IGNORECASE)
_SHOWN = 4  # names in the remark


def split(name: str, table: Table, path: str, remarks: list[str]) -> dict[str, Table]:
    """Return {name: table} as it is, or, where all losses are numbered, a table a number with its columns unnumbered.

    Columns without a number belong to each. The guess is added to `remarks`.
    """
    found = {column: match for column in table if (match := _NUMBERED.fullmatch(column.strip()))}
    losses = [column for column, match in found.items() if (base := name_of(match[1])) and base.kind == "loss"]
    numbers = list(dict.fromkeys(found[column][2] for column in losses))
    total = any((one := name_of(column)) and one.kind == "loss" for column in table if column not in found)
    if len(numbers) < 2 or total:
        return {name: table}
    shown = ", ".join(losses[:_SHOWN]) + (", …" if len(losses) > _SHOWN else "")
    remarks.append(
        f"remark: {shown} of {path} are numbered, and are judged as {len(numbers)} runs or heads of a network."
    )
    shared = {column: y for column, y in table.items() if column not in found}
    own = {n: {match[1]: table[c] for c, match in found.items() if match[2] == n} for n in numbers}
    return {", ".join(filter(None, [name, f"number {n}"])): {**shared, **own[n]} for n in numbers}
