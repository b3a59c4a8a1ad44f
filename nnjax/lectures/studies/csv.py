"""The tidy results of a study."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as CSV; what a row lacks stays empty."""
    import pandas as pd

    buffer = io.StringIO()
    pd.DataFrame(list(rows)).to_csv(buffer, index=False, float_format="%.7g")
    return buffer.getvalue()
