"""DataFrames of other libraries, as those of pandas."""

from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.extras import require

LIBRARIES = {"polars": "Polars", "pyarrow": "Arrow"}  # by their modules


def as_pandas(thing: Any) -> Any:
    """Convert a DataFrame of Polars or a table of Arrow to a DataFrame of pandas; return anything else as it is.

    Raises:
      UserError: it is lazy, or pyarrow is missing.
    """
    library = LIBRARIES.get(type(thing).__module__.partition(".")[0])
    if library is None or not hasattr(type(thing), "columns"):
        return thing
    if hasattr(type(thing), "collect"):
        raise UserError(f"The data are a lazy frame of {library}, but a DataFrame was expected: call its collect().")
    require("pyarrow", "nnjax[parquet]", f"A DataFrame of {library}")
    return thing.to_pandas()
