"""Read envelopes back from a run folder."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from nnjax.core.archives import DAMAGE, describe
from nnjax.core.errors import UserError
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.text import represent
from nnjax.models.envelope import Envelope, are_multiples
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import KERNEL_INITS
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.nn.schedules import SCHEDULES


def envelope_from_json(tree: Mapping[str, Any] | None) -> Envelope | None:
    """Read an envelope back from what JSON made of its fields, None for none; UserError if it is impossible."""
    if tree is None:
        return None
    try:
        known = {"batch_sizes": (), "passed": tree["widths"], **tree}  # which older runs do not have
        fields = {field.name: tuple(known[field.name]) for field in dataclasses.fields(Envelope)}
        fields["optimizers"] = tuple((name, preset) for name, preset in fields["optimizers"])
        _refuse_damaged(fields)
    except DAMAGE as error:
        raise UserError(
            f"An envelope in environment.json is damaged ({describe(error)}): bring a good copy back, or name another "
            "workdir."
        ) from None
    return Envelope(**fields)


def envelopes_from_json(trees: Any) -> list[Envelope]:
    """Read some envelopes back; errors as for one."""
    if not isinstance(trees, list):
        raise UserError(f"The envelopes in environment.json are {represent(trees)}, but a list was expected.")
    return [one for one in map(envelope_from_json, trees) if one is not None]


def _refuse_damaged(fields: Mapping[str, tuple[Any, ...]]) -> None:
    widths, depths, hyperparameters = fields["widths"], fields["depths"], fields["hyperparameters"]
    passed = fields["passed"]
    if len(passed) != len(widths) or not all(type(a) is int and a >= b for a, b in zip(passed, widths, strict=True)):
        raise ValueError(f"an envelope of widths {list(widths)} passes {list(passed)} on")
    sizes = [*widths, *passed, *depths]
    if not all(type(size) is int and 0 < size < 2**24 for size in sizes) or max(depths, default=0) != len(widths):
        raise ValueError(f"the widths of an envelope are {list(widths)}, its depths {list(depths)}")
    batch_sizes = fields["batch_sizes"]
    if not all(type(size) is int and size > 0 for size in batch_sizes) or not are_multiples(batch_sizes):
        raise ValueError(f"the batch sizes of an envelope are {list(batch_sizes)}")
    known: dict[str, Collection[Any]] = {
        "depths": depths,
        "activations": [name for name, record in ACTIVATIONS.items() if not record.distribution],
        "kernel_inits": KERNEL_INITS,
        "optimizers": [(name, preset) for name, rule in OPTIMIZERS.items() for preset in rule.presets],
        "schedules": SCHEDULES,
        "hyperparameters": [field.name for field in dataclasses.fields(Hyperparameters) if field.name != "others"],
        "optional": hyperparameters,
    }
    for name, choices in known.items():
        found, may_lack = fields[name], name in ("hyperparameters", "optional")
        if not set(found) <= set(choices) or len(set(found)) < len(found) or not (found or may_lack):
            raise ValueError(f"the {name} of an envelope are {list(found)}")
