"""Predictions of a trained run as tables: CSV for people, NPZ for programs."""

from __future__ import annotations

import io
import pathlib

import numpy as np

from nnjax.api import Run
from nnjax.config import AUTOENCODERS
from nnjax.data import load
from nnjax.main import check_out
from nnjax.train import checkpoints
from nnjax.types import DataFacts, Dataset, UserError

KINDS = (".csv", ".npz")


def choose_trial(run: Run, trial: int | None) -> int:
    """Check a trial's number; for None give the only trial, or else the one of the lowest validation loss.

    Raises:
      UserError: the trial is not there, or none has a validation loss.
    """
    if trial is None:
        return run.best_trial() if len(run.specs) > 1 else 0
    return run.known_trial(trial)


def inputs_for(run: Run, trial: int, name: str | None, data_dir: str | None, target: str | None) -> np.ndarray:
    """Fetch raw inputs [n, d]: of a data source by name, or of the run's own test part.

    The columns of a table are taken by their names, whatever their order and whatever others there are; categories get
    the codes they had in training.

    Raises:
      UserError: the data have no such columns or categories, or another width than the network's input.
    """
    if name is None:
        data = run.data(trial)
        part = data.test if len(data.test) else data.validation
        if not len(part):
            raise UserError("The run has no test part and no validation part; name data with --data=NAME.")
        return data.dataset.x[part]
    facts, table = run.facts(trial), name.startswith("csv:")
    dataset = load(name, data_dir, "none" if table and target is None else target)
    if table and facts.features:
        return np.stack([_column(dataset, facts, feature) for feature in facts.features], axis=1)
    if dataset.x.shape[1] != facts.num_inputs:
        raise UserError(
            f"{name} has {dataset.x.shape[1]} inputs, but the network was trained on {facts.num_inputs} ({facts.name})."
        )
    if facts.features and dataset.features and facts.features != dataset.features:
        found, expected = next(
            pair for pair in zip(dataset.features, facts.features, strict=True) if len(set(pair)) > 1
        )
        raise UserError(f"{name} has an input {found!r} where the network was trained on {expected!r} ({facts.name}).")
    return dataset.x[:]


def _column(dataset: Dataset, facts: DataFacts, feature: str) -> np.ndarray:
    """Fetch one input [n] by its name, categories coded as in training."""
    if feature not in dataset.features:
        raise UserError(
            f"{dataset.name} has no input {feature!r}, which the network was trained on ({facts.name}); "
            f"its inputs are {', '.join(dataset.features)}."
        )
    values = dataset.x[:, dataset.features.index(feature)]
    known, found = facts.categories.get(feature, ()), dataset.categories.get(feature, ())
    if bool(known) != bool(found):
        kinds = ("texts", "numbers") if found else ("numbers", "texts")
        raise UserError(f"The column {feature!r} of {dataset.name} holds {kinds[0]}, but {kinds[1]} were expected.")
    if not known:
        return values
    unknown = [text for text in found if text not in known]
    if unknown:
        raise UserError(
            f"The column {feature!r} of {dataset.name} holds {unknown[0]!r}, which the network has never seen; "
            f"it knows {', '.join(known)}."
        )
    return np.array([known.index(text) for text in found], values.dtype)[values.astype(int)]


def write_predictions(
    run: Run, trial: int, x: np.ndarray, path: str, which: str = "final", encode: bool = False
) -> None:
    """Write outputs or codes, one row an example; of a classifier also the class and its probability.

    Raises:
      UserError: the file ends neither in .csv nor in .npz, or its folder is not there.
    """
    check_out(path, *KINDS)
    columns = prediction_columns(run, trial, x, which, encode)
    content = checkpoints.to_bytes(columns) if path.endswith(".npz") else _to_csv(columns)
    checkpoints.write_atomically(pathlib.Path(path), content)


def prediction_columns(run: Run, trial: int, x: np.ndarray, which: str, encode: bool) -> dict[str, np.ndarray]:
    """Name the arrays of a prediction: code, or output and (of a classifier) class and probability.

    Published LeNet-5 has squared distances to the digits' bitmaps: its class is the nearest, its output the negatives.
    """
    outputs = run.predict(x, trial, which, encode)
    facts = run.facts(trial)
    if encode:
        return {"code": outputs}
    model = run.specs[trial].experiment.model
    if facts.task != "classification" or model.kind in AUTOENCODERS:
        return {"output": outputs}
    if model.kind == "lenet5" and model.output_activation == "linear":
        index = outputs.argmax(axis=1)
        return {"class": np.array(facts.classes)[index], "distance": -outputs.max(axis=1), "output": outputs}
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
