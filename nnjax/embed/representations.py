"""Measure which distances of labeled data its representations keep: principal components, latent spaces."""

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Prepared
from nnjax.distances.concentration import Worth, pca, worths
from nnjax.models.registry import traits_of
from nnjax.runs.run import Run
from nnjax.runs.settings import representative

WIDTHS = (2, 16, 64)  # of the representations
MOST_EXAMPLES, MOST_QUERIES = 4000, 1000


def representations(prepared: Prepared, run: Run | None = None) -> list[Worth]:
    """Measure the scaled inputs, their principal components, and the latent spaces of a run's autoencoders.

    Args:
      prepared: labeled data, whose training examples are known and whose test (else validation) examples are queries.
      run: of autoencoders, trained on these data.

    Raises:
      UserError: data without classes or without queries.
    """
    data = prepared.dataset
    queries = (prepared.test if len(prepared.test) else prepared.validation)[:MOST_QUERIES]
    if data.task != "classification" or data.y is None or not len(queries):
        raise UserError(f"{data.name} has no labeled examples to query with: choose data with classes and a test part.")
    known = prepared.train[:MOST_EXAMPLES]
    raw = data.x[known], data.x[queries]
    x, q = prepared.inputs(known), prepared.inputs(queries)
    found = {f"all {x.shape[1]} inputs": (x, q)}
    found |= {f"PCA {width}": pca(x, q, width) for width in WIDTHS if width < min(x.shape)}
    if run is not None:
        found |= _latent_spaces(run, raw)
    return worths(found, data.y[known], data.y[queries])


def _latent_spaces(run: Run, raw: tuple[np.ndarray, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Encode both parts of the raw inputs by each setting's autoencoder."""
    found = {}
    for setting in run.all_settings:
        trial, model = representative(run, setting), setting.experiment.model
        if trial is not None and traits_of(model).reconstructs and model.widths:
            inner, outer = (run.outputs(part, trial, encode=True) for part in raw)
            found[f"latent {setting.label}"] = inner, outer
    return found
