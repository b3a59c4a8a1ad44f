"""Numbers and times as text, as people read them."""

import datetime
import math


def duration(seconds: float) -> str:
    """Write seconds as 0:12 or 1:02:03; a dash for what is not known."""
    if not math.isfinite(seconds):
        return "–"
    return str(datetime.timedelta(seconds=max(0, round(seconds)))).removeprefix("0:").removeprefix("0")
