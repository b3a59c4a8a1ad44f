"""Predictions of a trained run as tables: CSV for people, NPZ for programs."""

from __future__ import annotations

import io
import pathlib

import numpy as np

from nnjax.api import Run
from nnjax.data import load
from nnjax.train import checkpoints
from nnjax.types import UserError


def inputs_for(run: Run, trial: int, name: str | None, data_dir: str | None, target: str | None) -> np.ndarray:
    """Fetch raw inputs [n, d]: of a data source by name, or of the run's own test part.

    Raises:
      UserError: the trial is not there, or the data have another width than the network's input.
    """
    if not 0 <= trial < len(run.specs):
        raise UserError(f"There is no trial {trial}; the run has trials 0 to {len(run.specs) - 1}.")
    if name is None:
        data = run.data(trial)
        part = data.test if len(data.test) else data.validation
        return data.dataset.x[part]
    dataset, facts = load(name, data_dir, target), run.facts(trial)
    if dataset.x.shape[1] != facts.num_inputs:
        raise UserError(
            f"{name} has {dataset.x.shape[1]} inputs, but the network was trained on {facts.num_inputs} ({facts.name})."
        )
    if facts.features and dataset.features and facts.features != dataset.features:
        wrong = next((a, b) for a, b in zip(dataset.features, facts.features, strict=True) if a != b)
        raise UserError(f"{name} has a column {wrong[0]!r} where the network was trained on {wrong[1]!r}.")
    return dataset.x


def write_predictions(
    run: Run, trial: int, x: np.ndarray, path: str, which: str = "final", encode: bool = False
) -> None:
    """Write outputs or codes, one row an example; of a classifier also the class and its probability.

    Raises:
      UserError: the file ends neither in .csv nor in .npz.
    """
    kind = pathlib.Path(path).suffix
    if kind not in (".csv", ".npz"):
        raise UserError(f"The file {path!r} ends in {kind!r}, but .csv or .npz was expected.")
    columns = prediction_columns(run, trial, x, which, encode)
    if kind == ".npz":
        content: bytes | str = checkpoints.to_bytes(columns)
    else:
        content = _to_csv(columns)
    checkpoints.write_atomically(pathlib.Path(path), content)


def prediction_columns(run: Run, trial: int, x: np.ndarray, which: str, encode: bool) -> dict[str, np.ndarray]:
    """Name the arrays of a prediction: code, or output and (of a classifier) class and probability."""
    outputs = run.predict(x, trial, which, encode)
    facts = run.facts(trial)
    if encode:
        return {"code": outputs}
    if facts.task != "classification" or run.specs[trial].experiment.model.kind != "mlp":
        return {"output": outputs}
    binary = outputs.shape[1] == 1
    index = (outputs[:, 0] > 0.5).astype(int) if binary else outputs.argmax(axis=1)
    certainty = np.where(index == 1, outputs[:, 0], 1 - outputs[:, 0]) if binary else outputs.max(axis=1)
    return {"class": np.array(facts.classes)[index], "probability": certainty, "output": outputs}


def _to_csv(columns: dict[str, np.ndarray]) -> str:
    import pandas as pd

    flat: dict[str, np.ndarray] = {}
    for name, array in columns.items():
        if array.ndim == 1:
            flat[name] = array
        else:
            flat |= {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
    buffer = io.StringIO()
    pd.DataFrame(flat).to_csv(buffer, index=False)
    return buffer.getvalue()
