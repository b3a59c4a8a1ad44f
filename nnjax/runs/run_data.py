"""Prepare the data of a run again: loaded by name, or passed again by the user; other data are refused."""

from collections.abc import Mapping, Sequence

from nnjax.core.errors import UserError
from nnjax.core.experiment import ARRAYS, DataConfig, TrialSpec
from nnjax.core.types import DataFacts, Dataset, Prepared
from nnjax.data import prepare, prepare_loaded


def prepare_again(config: DataConfig, facts: DataFacts) -> Prepared:
    """Load and split the data of a run again; UserError if they were arrays, are gone, or have changed."""
    if facts.name != config.name or config.name == ARRAYS:
        raise UserError(f"The data {facts.name!r} were passed as arrays and are not saved: pass them again.")
    found = prepare(config)
    if found.dataset.sha256 != facts.sha256:
        raise UserError(f"The data {config.name!r} have changed since the run (their SHA-256 differs).")
    return found


def prepare_given(
    facts: Mapping[DataConfig, DataFacts], data: Dataset, specs: Sequence[TrialSpec]
) -> dict[DataConfig, Prepared]:
    """Split data that are passed again as they were split before; UserError if they are others."""
    for config, known in facts.items():
        if known.sha256 != (data if data.reread is None else data.reread(config)).sha256:
            raise UserError(f"The data {data.name!r} are not those of the run, {known.name!r}: their SHA-256 differs.")
    sizes = {spec.experiment.data: spec.experiment.batch_size for spec in specs}
    return {config: prepare_loaded(data, config, sizes.get(config, 1)) for config in facts}
