"""trainer_state.json of Hugging Face's Trainer: log_history, with loss and eval_loss at steps of their own."""

from collections.abc import Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.diagnosis.readers import rows
from nnjax.diagnosis.readers.source import Log, Reader, Source

_SUMMARY = "train_runtime"  # of the last entry, whose train_loss is the mean over the whole training
_SECONDARY = ("_runtime", "_per_second", "grad_norm", "total_flos")


def recognizes(source: Source) -> bool:
    """Whether it is a state with a list log_history, or that list alone."""
    return bool(_entries(source.tree))


def _entries(tree: Any) -> list[Mapping[str, Any]]:
    entries = tree.get("log_history", []) if isinstance(tree, Mapping) else tree
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        return []
    is_state = isinstance(tree, Mapping)
    return entries if is_state or any("eval_loss" in one and "eval_runtime" in one for one in entries) else []


def read(source: Source) -> Log:
    """Read the entries: epoch by epoch where evaluation is, else step by step."""
    entries = [entry for entry in _entries(source.tree) if _SUMMARY not in entry]
    some = [{key: value for key, value in entry.items() if not key.endswith(_SECONDARY)} for entry in entries]
    if not some:
        raise UserError(
            f"{source.name} has nothing but a summary in log_history; entries with loss or eval_loss were expected."
        )
    return rows.to_log(rows.Rows(some, [f"Entry {i + 1}" for i in range(len(some))], source.name))


READER = Reader("trainer_state.json of Hugging Face", recognizes, read)
