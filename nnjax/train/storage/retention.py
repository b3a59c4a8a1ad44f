"""Choose the trials whose weights are kept: all, or the best K."""

import re
from collections.abc import Sequence

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import TrialSpec
from nnjax.core.text import represent
from nnjax.train.storage import selection
from nnjax.train.storage.records import ENDED, OVER, Record, is_scored
from nnjax.train.storage.selection import Ranking

ALL = "all"
MOST_SPANS = 30


def parse_keep(text: str) -> int | None:
    """Read "best:K" as K, and "all" as None; UserError for anything else."""
    found = isinstance(text, str) and re.fullmatch(r"best:0*([1-9][0-9]{0,17})", text)
    if text != ALL and not found:
        raise UserError(
            f"keep is {represent(text)}, but all or best:K was expected, with K of 1 or more, such as best:10."
        )
    return int(found.group(1)) if found else None


def keep_text(most: int | None) -> str:
    """Write it as it is given."""
    return ALL if most is None else f"best:{most}"


def best(specs: Sequence[TrialSpec], records: Sequence[Record], most: int | None) -> set[int]:
    """Choose the trials that have ended whose weights are kept; of trials that do not compare, `most` each.

    The best by the rule of `selection`, trial by trial (by the training loss where there is no validation part), equal
    ones by their number; those that diverged come last. With them stay the replicates of the setting that is chosen so
    far, and of those that are not at their ends and may be chosen yet. A trial that is not among them is not among them
    later either, when more have ended.
    """
    ended = {spec.id for spec in specs if records[spec.id].status in ENDED}
    if most is None:
        return ended
    scored = ended | {spec.id for spec in specs if is_scored(records[spec.id])}
    kept: set[int] = set()
    for ranking in selection.rank(specs, records):
        own = [i for one in ranking.candidates for i in one.trials if i in scored]
        kept |= set(sorted(own, key=lambda i: _order(specs[i], records[i], ranking))[:most])
        complete = ranking._replace(candidates=tuple(one for one in ranking.candidates if one.ended))
        open_yet = [one for one in ranking.candidates if not one.ended]
        kept |= {i for one in [*complete.tied(), *open_yet] for i in one.trials if i in ended}
        kept |= {i for one in ranking.tied() for i in one.trials if i in scored - ended}
    return kept


def _order(spec: TrialSpec, record: Record, ranking: Ranking) -> tuple[bool, float, int]:
    value = selection.value_of(spec.experiment, record, ranking.metric)
    known = [-value if ranking.maximized else value]
    known += [record.values.get(name, np.nan) for name in ("train_loss_eval", "train_loss")]
    return not is_scored(record), next((v for v in known if not np.isnan(v)), np.inf), spec.id


def parents(specs: Sequence[TrialSpec], records: Sequence[Record]) -> set[int]:
    """List the trials from whose weights others start that have not ended, and may have to begin again."""
    return {spec.start_from for spec in specs if spec.start_from is not None and records[spec.id].status not in OVER}


def spans(numbers: Sequence[int]) -> str:
    """Write ascending numbers as "0-3, 7"; of many spans the first ones, and how many numbers there are."""
    edges = [i for i in range(len(numbers)) if i == 0 or numbers[i] != numbers[i - 1] + 1]
    pairs = [(numbers[a], numbers[b - 1]) for a, b in zip(edges, [*edges[1:], len(numbers)], strict=False)]
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in pairs]
    return ", ".join(texts[:MOST_SPANS]) + (f", … ({len(numbers):,})" if len(texts) > MOST_SPANS else "")
