"""Say of a table which rows are left out, which cells are filled in and what comes of columns; refuse some of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.errors import UserError
from nnjax.data import missing_cells
from nnjax.data.missing_cells import Gaps

MAX_CATEGORIES = 100  # distinct texts in a column; more are taken for identifiers or free text
FEW_CATEGORIES = 10  # so many are always taken
SHOWN = 8  # columns named one by one


def refuse_empty(gaps: Mapping[str, Gaps], path: Path) -> None:
    """Refuse columns without any value, all of them in one message."""
    empty = [gap.column for gap in gaps.values() if gap.number == gap.of]
    if len(empty) == 1:
        raise UserError(f"The column {empty[0]!r} of {path} is empty: leave it out (data.drop={empty[0]}).")
    if empty:
        raise UserError(
            f"{path} has {len(empty)} empty columns, {_listed(empty)}: leave them out (data.drop={','.join(empty)})."
        )


def left_out(gaps: Mapping[str, Gaps], target: Sequence[str], before: int, after: int, missing: str) -> list[str]:
    """Say which rows were left out, for which missing cells."""
    gone = [gap for name, gap in gaps.items() if missing == "drop" or name in target]
    if after == before:
        return []
    why = "; ".join(map(str, gone[:SHOWN])) + "; …" * (len(gone) > SHOWN)
    return [
        f"{before - after} of {before} rows with missing cells are left out: {why} (if such a text is none that is "
        "missing, say which are by data.na_values=)."
    ]


def filled(gaps: Mapping[str, Gaps], missing: str) -> list[str]:
    """Say which cells are filled in, and which columns are mostly so."""
    if not gaps:
        return []
    listed = ", ".join(gap.short() for gap in list(gaps.values())[:SHOWN]) + ", …" * (len(gaps) > SHOWN)
    said = [f"Missing cells are filled in (data.missing={missing}): {listed}."]
    mostly = [gap.column for gap in gaps.values() if gap.number > missing_cells.MOST * gap.of]
    if mostly:
        said.append(
            f"More than half of the cells are missing in {_listed(mostly)}: leave out (data.drop={','.join(mostly)}) "
            "what a missing cell says nothing of."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + f" and {len(names) - SHOWN} more" * (len(names) > SHOWN)


def described(recipe: TableRecipe) -> str:
    """Say which inputs come of each column."""
    listed = "; ".join(f"{column.name!r}: {column}" for column in recipe.columns[:SHOWN])
    left, number = len(recipe.columns) - SHOWN, len(recipe.inputs)
    more = f"; and {left} column{'s' * (left > 1)} more" if left > 0 else ""
    return f"{number} input{'s' * (number > 1)}: {listed}{more}."


def refuse_many(chosen: Sequence[Column], num_rows: int, path: Path) -> None:
    """Refuse columns with too many categories, all of them in one message."""
    most = min(MAX_CATEGORIES, max(FEW_CATEGORIES, num_rows // 2))
    many = [column for column in chosen if column.kind == "category" and len(column.categories) > most]
    if not many:
        return
    first, others = many[0], [column.name for column in many[1:]]
    too = f", and so have {_listed(others)}" if others else ""
    them, they_are = ("them", "they are identifiers") if others else ("it", "it is an identifier")
    raise UserError(
        f"The column {first.name!r} of {path} has {len(first.categories)} different texts in {num_rows} rows "
        f"(such as {first.categories[0]!r}), too many for categories (at most {most}){too}: leave {them} out "
        f"(data.drop={','.join([first.name, *others])}) if {they_are} or free text, or join the rare ones."
    )
