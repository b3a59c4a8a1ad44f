"""Choose the trials whose weights are kept: all, or the best K."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.train.storage.records import ENDED, FINISHED, OVER, Record

ALL = "all"
MOST_SPANS = 30


def parse_keep(text: str) -> int | None:
    """Read "best:K" as K, and "all" as None.

    Raises:
      UserError: it is neither.
    """
    found = re.fullmatch(r"best:0*([1-9][0-9]*)", text)
    if text != ALL and not found:
        raise UserError(f"keep is {text!r}, but all or best:K was expected, with K of 1 or more, such as best:10.")
    return int(found.group(1)) if found else None


def keep_text(most: int | None) -> str:
    """Write it as it is given."""
    return ALL if most is None else f"best:{most}"


def best(specs: Sequence[TrialSpec], records: Sequence[Record], most: int | None) -> set[int]:
    """Choose the trials that have ended whose weights are kept; of several losses, which do not compare, `most` each.

    By the final validation loss (training loss where there is no validation part), equal ones by their number; those
    that diverged come last. A trial that is not among the best is not among them later either, when more have ended.
    """
    losses: dict[str, list[int]] = {}
    for spec in specs:
        if records[spec.id].status in ENDED:
            losses.setdefault(spec.experiment.loss, []).append(spec.id)
    return {i for own in losses.values() for i in sorted(own, key=lambda i: _rank(records[i], i))[:most]}


def _rank(record: Record, trial: int) -> tuple[bool, float, int]:
    known = [record.values.get(name, np.nan) for name in ("val_loss", "train_loss_eval", "train_loss")]
    value = next((value for value in known if not np.isnan(value)), np.inf)
    return record.status not in FINISHED, value, trial


def parents(specs: Sequence[TrialSpec], records: Sequence[Record]) -> set[int]:
    """List the trials from whose weights others start that have not ended, and may have to begin again."""
    return {spec.start_from for spec in specs if spec.start_from is not None and records[spec.id].status not in OVER}


def spans(numbers: Sequence[int]) -> str:
    """Write ascending numbers as "0-3, 7"; of many spans the first ones, and how many numbers there are."""
    edges = [i for i in range(len(numbers)) if i == 0 or numbers[i] != numbers[i - 1] + 1]
    pairs = [(numbers[a], numbers[b - 1]) for a, b in zip(edges, [*edges[1:], len(numbers)], strict=False)]
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in pairs]
    return ", ".join(texts[:MOST_SPANS]) + (f", … ({len(numbers):,})" if len(texts) > MOST_SPANS else "")
