"""Write and read data.json: the facts about a run's data, and the findings of the pre-flight check."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnjax.checks.finding import Finding
from nnjax.core.experiment import DataConfig
from nnjax.core.types import DataFacts, Scaler

Findings = Sequence[tuple[str, Finding]]  # with the arms that they concern


def to_json(facts: Mapping[DataConfig, DataFacts], findings: Findings) -> dict[str, Any]:
    """Describe the data of a run, and what the pre-flight check found."""
    entries = [{"config": dataclasses.asdict(config), "facts": facts_to_json(fact)} for config, fact in facts.items()]
    return {"data": entries, "findings": [[arm, list(finding)] for arm, finding in findings]}


def from_json(tree: Mapping[str, Any]) -> tuple[dict[DataConfig, DataFacts], list[tuple[str, Finding]]]:
    """Read back what `to_json` says.

    Raises:
      LookupError, TypeError, ValueError: it is not as it was written.
    """
    facts = {DataConfig(**entry["config"]): facts_from_json(entry["facts"]) for entry in tree["data"]}
    return facts, [(arm, Finding(*finding)) for arm, finding in tree["findings"]]


def facts_to_json(facts: DataFacts) -> dict[str, Any]:
    """Describe one data set."""
    tree = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    for name in ("x_scaler", "y_scaler"):
        tree[name] = {part: np.asarray(value).tolist() for part, value in tree[name]._asdict().items()}
    return tree


def facts_from_json(tree: Mapping[str, Any]) -> DataFacts:
    """Read back what `facts_to_json` says.

    Raises:
      LookupError, TypeError, ValueError: it is not as it was written.
    """
    scalers = {
        name: Scaler(*(np.asarray(tree[name][part], np.float32) for part in Scaler._fields))
        for name in ("x_scaler", "y_scaler")
    }
    lists = {name: tuple(tree[name]) for name in ("sizes", "classes", "features", "targets")}
    shape = tree["image_shape"] and tuple(tree["image_shape"])
    categories = {name: tuple(values) for name, values in tree["categories"].items()}
    return DataFacts(
        **{
            **tree,
            **scalers,
            **lists,
            "image_shape": shape,
            "categories": categories,
            "shape": tuple(tree.get("shape", ())),
        }
    )
