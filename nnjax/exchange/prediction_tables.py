"""Write predictions of a trained network as tables: CSV or NPZ."""

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nnjax.core.csv_text import to_csv
from nnjax.core.errors import UserError
from nnjax.core.files import check_out, expand_home, write_atomically
from nnjax.core.messages import remedy
from nnjax.core.types import DataFacts, Dataset
from nnjax.data import files, load, new_rows, scaling
from nnjax.data.sources import find_source
from nnjax.exchange.batched_inference import apply_with_progress
from nnjax.exchange.ensemble.lanes import mean_outputs
from nnjax.exchange.files import FORMATS, Predictor, predictor, taking_arrays
from nnjax.exchange.files import load as load_file
from nnjax.exchange.predictions import Predictions, interpret
from nnjax.models.imported import Stack
from nnjax.runs.loading import load as load_run
from nnjax.runs.run import Run
from nnjax.train.storage import npz


def open_network(
    path: str, trial: int | None = None, which: str | None = None, ensemble: int | None = None, trust: bool = False
) -> Predictor:
    """Open a trial of a run folder, or a file: .safetensors, .jaxexport, .keras, .weights.h5.

    Args:
      path: of the folder or file; a leading ~ is the home folder.
      trial: of a run folder; None for the chosen network.
      which: its "final" weights or its "best" ones; None as for `Run.params`.
      ensemble: of a run folder, the mean of so many networks at most instead of a trial (`Run.ensemble`).
      trust: of a run folder of one's own, import the objects that it names (`nnjax.load`).

    Raises:
      UserError: it is not there or damaged, or a file is asked for a trial; as `Run.ensemble`.
    """
    path = expand_home(path)
    if ensemble is not None and (trial is not None or which is not None):
        raise UserError(
            "An ensemble is the mean of several trials at their best epochs; leave out --trial and --weights."
        )
    if os.path.isdir(path) or pathlib.Path(path).suffix not in FORMATS:
        run = load_run(path, trust=trust)
        if ensemble is not None:
            return _open_ensemble(run, ensemble)
        number, which = run.resolve(trial, which)
        found = predictor(f"trial {number}", run.network(number, which))
        return found._replace(test_inputs=lambda: held_out_inputs(run, number))
    if trial is not None or which is not None or ensemble is not None:
        raise UserError(f"{path} holds one network; leave out --trial, --weights and --ensemble.")
    return load_file(path)


def _open_ensemble(run: Run, k: int) -> Predictor:
    """Choose an ensemble of a run, which is noted in its folder."""
    found = run.ensemble(k)
    first = found.members.members[0].trials

    def test_inputs() -> np.ndarray:
        """Load the test inputs of the members' data."""
        if len(first) > 1 and not len(run.data(first[0]).test):
            raise UserError(
                "The run has folds and no test part: each example has trained some networks of the ensemble; name new "
                "data with --data=NAME."
            )
        return held_out_inputs(run, first[0])

    function = taking_arrays(found.facts, mean_outputs(found.networks, found.weights))
    return Predictor(f"ensemble of {found.members}", None, found.architecture, found.facts, function, test_inputs)


def held_out(run: Run, trial: int) -> tuple[Dataset, np.ndarray]:
    """Return a run's data and the rows [n] of their test (else validation) part; UserError if it has neither."""
    data = run.data(trial)
    part = data.test if len(data.test) else data.validation
    if not len(part):
        other = remedy("pass other data", "name data with --data=NAME")
        raise UserError(f"The run has no test part and no validation part; {other}.")
    return data.dataset, part


def held_out_inputs(run: Run, trial: int) -> np.ndarray:
    """Fetch the raw inputs [n, d] of `held_out`."""
    dataset, rows = held_out(run, trial)
    return dataset.x[rows]


def inputs_of(
    network: Predictor, name: str | None, data_dir: str | None, target: str | None, unit: bool = False
) -> np.ndarray:
    """Fetch raw inputs [n, d]: of a data source by name, or of the run's own test part; arguments as `inputs_for`.

    Args:
      unit: divide them as the scaling "unit" does (uint8 by 255), for a network that does not scale by itself.

    Raises:
      UserError: no data are named for a file, or `unit` for a network that scales by itself; or as `inputs_for`.
    """
    if unit and not isinstance(network.architecture, Stack):
        raise UserError(f"{network.name} scales its inputs itself, as in training; leave out --unit.")
    if name is None and network.test_inputs is not None:
        return network.test_inputs()
    if name is None:
        raise UserError(f"{network.name} has no data of its own; name data with --data=NAME.")
    return inputs_for(network.facts, name, data_dir, target, unit)


def inputs_for(facts: DataFacts, name: str, data_dir: str | None, target: str | None, unit: bool = False) -> np.ndarray:
    """Fetch raw inputs [n, d] of a data source by name.

    The columns of a table are taken by their names, whatever their order and whatever others there are, and coded as
    in training (`nnjax.data.new_rows`).

    Raises:
      UserError: the data have no such columns or categories, or another width than the network's input.
    """
    source, _, argument = find_source(name)
    recipe = new_rows.recipe_of(facts)
    if source.tabular and recipe is not None:
        return new_rows.read(recipe, files.find(argument, data_dir))
    dataset = load(name, data_dir, "none" if source.tabular and target is None else target)
    if dataset.x.shape[1] != facts.num_inputs:
        raise UserError(
            f"{name} has {dataset.x.shape[1]} inputs, but the network was trained on {facts.num_inputs} ({facts.name})."
        )
    if facts.features and dataset.features and facts.features != dataset.features:
        found, expected = next(two for two in zip(dataset.features, facts.features, strict=True) if two[0] != two[1])
        raise UserError(f"{name} has an input {found!r} where the network was trained on {expected!r} ({facts.name}).")
    x = dataset.x[:]
    return np.asarray(scaling.fit(x, np.arange(0), "unit", dataset.full_scale)(x)) if unit else x


def write_predictions(
    network: Predictor,
    x: np.ndarray,
    path: str,
    encode: bool = False,
    kept: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> None:
    """Write the answers (`answers.Predictions`) or codes for raw inputs x [n, d], one row an example.

    Args:
      network, x: whose.
      path: a table, .csv or .npz.
      encode: latent codes instead of answers.
      kept: further columns [n] by name, which come first.

    Raises:
      UserError: the file ends neither in .csv nor in .npz, or its folder is not there; codes that there are not; kept
        columns of another length.
    """
    check_out(path, *TABLES)
    for name, column in kept.items():
        if len(column) != len(x):
            raise UserError(f"The column {name!r} has {len(column)} rows, but there are {len(x)} predictions.")
    write_atomically(pathlib.Path(path), TABLES[pathlib.Path(path).suffix](network, x, encode, kept))


def kept_columns(
    network: Predictor, name: str | None, data_dir: str | None, keep: Sequence[str]
) -> dict[str, np.ndarray]:
    """Fetch columns of the table that a source names: {name: texts [n]}; UserError if it has no such column."""
    if not keep:
        return {}
    source, _, argument = find_source(name) if name is not None else (None, None, "")
    if source is None or not source.tabular:
        raise UserError("--keep copies columns of a new table: name one with --data, such as --data=csv:new.csv.")
    return new_rows.texts_of(new_rows.recipe_of(network.facts), files.find(argument, data_dir), keep)


def _codes(network: Predictor, x: np.ndarray) -> np.ndarray:
    return apply_with_progress(network.codes(), x, dtype=_dtype(network))


def _dtype(network: Predictor) -> type:
    return np.float64 if network.facts.x_scaler.wide else np.float32


def predictions_of(network: Predictor, x: np.ndarray) -> Predictions:
    """Predict raw inputs x [n, d] with a progress bar."""
    return interpret(
        apply_with_progress(network.outputs, x, dtype=_dtype(network)), network.architecture, network.facts
    )


def _to_csv(network: Predictor, x: np.ndarray, encode: bool, kept: Mapping[str, np.ndarray]) -> str:
    import pandas as pd

    if encode:
        found = {f"code_{i}": column for i, column in enumerate(_codes(network, x).T)}
    else:
        found = predictions_of(network, x).columns()
    found = {f"{name} (predicted)" if name in kept else name: column for name, column in found.items()}
    return to_csv(pd.DataFrame({**kept, **found}))


def _to_npz(network: Predictor, x: np.ndarray, encode: bool, kept: Mapping[str, np.ndarray]) -> bytes:
    found = {"code": _codes(network, x)} if encode else predictions_of(network, x).arrays()
    return npz.to_bytes({**{f"kept/{name}": column.astype(str) for name, column in kept.items()}, **found})


Writer = Callable[[Predictor, np.ndarray, bool, Mapping[str, np.ndarray]], str | bytes]
TABLES: dict[str, Writer] = {".csv": _to_csv, ".npz": _to_npz}
