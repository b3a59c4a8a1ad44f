"""Say of a table which rows are left out, which cells are filled in and what comes of columns; refuse some of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnjax.core.columns import Column, TableRecipe
from nnjax.core.errors import UserError
from nnjax.data import missing_cells, remedies
from nnjax.data.missing_cells import Gaps

MAX_CATEGORIES = 100  # distinct texts in a column; more are taken for identifiers or free text
FEW_CATEGORIES = 10  # so many are always taken
SHOWN = 8  # columns named one by one


def missing(table: str, gaps: Sequence[Gaps], target: Sequence[str] = ()) -> UserError:
    """Say in one sentence what is missing in a table, and what to do."""
    listed = "; ".join(map(str, gaps[:SHOWN]))
    more = f"; and {len(gaps) - SHOWN} columns more" if len(gaps) > SHOWN else ""
    mostly = [gap.column for gap in gaps if gap.number > missing_cells.MOST * gap.of and gap.column not in target]
    drop = f", {remedies.drop(*mostly)} leaves out what is mostly missing" if mostly else ""
    return UserError(
        f"{table} has missing values: {listed}{more}. data.missing=mean, median, most_frequent or indicator fills them "
        f"in, data.missing=drop leaves out their rows{drop}, and data.na_values= says which texts are missing (none of "
        "those listed: data.na_values=none_of_these)."
    )


def beside(first: UserError, names: Sequence[str], refused: str = "") -> UserError:
    """Add to a refusal, which is of one column or of none, which other columns are refused too, all by name."""
    if set(names) <= {refused}:
        return first
    others = [name for name in names if name != refused]
    return UserError(f"{first} Refused too: {_listed(others)}; {remedies.drop(*names)} leaves out all such columns.")


def empty(names: Sequence[str], path: Path) -> list[str]:
    """Say which columns are left out because they are empty."""
    if not names:
        return []
    which = (
        f"the column {names[0]!r} is empty and" if len(names) == 1 else f"the columns {_listed(names)} are empty and"
    )
    return [f"{path}: {which} left out."]


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
            f"More than half of the cells are missing in {_listed(mostly)}: leave out ({remedies.drop(*mostly)}) "
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


def too_many(columns: Sequence[Column], num_rows: int) -> list[Column]:
    """Find columns with too many categories: identifiers, or free text."""
    return [one for one in columns if one.kind == "category" and len(one.categories) > _most(num_rows)]


def _most(num_rows: int) -> int:
    return min(MAX_CATEGORIES, max(FEW_CATEGORIES, num_rows // 2))


def refuse_many(chosen: Sequence[Column], num_rows: int, path: Path) -> None:
    """Refuse columns with too many categories, all of them in one message.

    Raises:
      UserError: there are some.
    """
    most = _most(num_rows)
    many = too_many(chosen, num_rows)
    if not many:
        return
    first, others = many[0], [column.name for column in many[1:]]
    too = f", and so have {_listed(others)}" if others else ""
    them, they_are = ("them", "they are identifiers") if others else ("it", "it is an identifier")
    raise UserError(
        f"The column {first.name!r} of {path} has {len(first.categories)} different texts in {num_rows} rows "
        f"(such as {first.categories[0]!r}), too many for categories (at most {most}){too}: leave {them} out "
        f"({remedies.drop(first.name, *others)}) if {they_are} or free text, or join the rare ones."
    )
