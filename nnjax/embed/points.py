"""Choose the points to embed: examples of a data source, and their codes in a trained autoencoder."""

import numpy as np

from nnjax import data
from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data.splits import draw
from nnjax.embed.methods import Embedding
from nnjax.exchange.prediction_tables import held_out, inputs_for
from nnjax.models.registry import traits_of
from nnjax.runs.loading import load
from nnjax.runs.run import Run


def labels_of(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Look up the class indices [n] of some rows; None where the data have no classes."""
    return dataset.y[rows] if dataset.task == "classification" and dataset.y is not None else None


def choose_rows(dataset: Dataset, rows: np.ndarray, limit: int | None, seed: int = 0) -> np.ndarray:
    """Draw so many of some rows, classes in equal shares; None takes all. UserError if there are not so many."""
    if limit is None:
        return rows
    if not 1 <= limit <= len(rows):
        raise UserError(f"limit is {limit}, but 1 to {len(rows)} was expected, the examples of {dataset.name}.")
    keys = np.random.PCG64(seed).random_raw(len(dataset.x))
    return draw(rows, limit, keys, labels_of(dataset, np.arange(len(dataset.x))), "drawn")


def load_points(
    name: str | None,
    data_dir: str | None = None,
    target: str | None = None,
    limit: int | None = None,
    folder: str | None = None,
    trial: int | None = None,
    trust: bool = False,
) -> tuple[Dataset, np.ndarray, list[Embedding]]:
    """Load the examples to embed, and the latent space of a run if one is named.

    Args:
      name: a data source; None for the test part of the run's own data (its validation part if there is none).
      data_dir, target: as for `nnjax.data.load`.
      limit: draw so many.
      folder: a run folder with an autoencoder, or None.
      trial: its number; None for the one of the lowest validation loss.
      trust: import the objects that the folder, one's own, names (`nnjax.load`).

    Returns:
      The data set, the rows [n] chosen, and no or one embedding of them: the codes.

    Raises:
      UserError: data or run are not there, or do not fit together.
    """
    if folder is None:
        assert name is not None
        dataset = data.load(name, data_dir, target)
        return dataset, choose_rows(dataset, np.arange(len(dataset.x)), limit), []
    run = load(folder, trust=trust)
    chosen, which = run.resolve(trial)
    if name is None:
        dataset, rows = held_out(run, chosen)
        raw = dataset.x
    else:
        dataset = data.load(name, data_dir, target)
        rows, raw = np.arange(len(dataset.x)), inputs_for(run.facts(chosen), name, data_dir, target)
    rows = choose_rows(dataset, rows, limit)
    return dataset, rows, [latent(run, chosen, raw[rows], which)]


def latent(run: Run, trial: int, x: np.ndarray, which: str = "final") -> Embedding:
    """Encode raw inputs by a trained autoencoder: its latent space.

    Args:
      run: with an autoencoder as this trial.
      trial: its number.
      x: [n, d] inputs as the data set has them, before scaling.
      which: weights of the "final" epoch or the "best" ones.

    Raises:
      UserError: the trial is no autoencoder, its weights are not there, or x has another width.
    """
    model = run.specs[trial].experiment.model
    if not traits_of(model).reconstructs:
        raise UserError(
            f"Trial {trial} is of the kind {model.kind}, but only an autoencoder has a latent space: name one."
        )
    codes = np.asarray(run.outputs(x, trial, which, encode=True), np.float64)
    if not np.isfinite(codes).all():
        raise UserError(f"The codes of trial {trial} are not finite: it diverged; name another trial.")
    return Embedding("latent", codes, {"trial": trial, "dimensions": codes.shape[1]}, {})
