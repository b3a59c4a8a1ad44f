"""`Run.temperature`: scale a classifier's confidence on the validation part, and measure it on the test part."""

import numpy as np

from nnjax.core.errors import UserError
from nnjax.exchange.predictions import interpret, require_probabilities
from nnjax.nn.calibration import Temperature, confidence_error, fit_temperature, log_loss, temper
from nnjax.runs.run import Run


def find_temperature(run: Run, trial: int | None = None, which: str | None = None) -> Temperature:
    """Fit the temperature of the chosen network, or a trial's; see `Run.temperature`."""
    number, which = run.resolve(trial, which)
    prepared = run.data(number)
    if not len(prepared.validation):
        raise UserError("The temperature is fitted on the validation part, but the run has none (data.validation=0.1).")
    value = fit_temperature(*_known(run, number, which, prepared.validation))
    tested = len(prepared.test) and not np.isin(prepared.test, prepared.validation).any()
    part, rows = ("test", prepared.test) if tested else ("validation", prepared.validation)
    p, y = _known(run, number, which, rows)
    after = temper(p, value)
    errors = confidence_error(p, y), confidence_error(after, y)
    return Temperature(value, part, len(rows), *errors, log_loss(p, y), log_loss(after, y))


def _known(run: Run, trial: int, which: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities [n, classes] and class indices [n] of some examples."""
    data, network = run.data(trial).dataset, run.network(trial, which)
    found = interpret(run.outputs(data.x[rows], trial, which), network.architecture, network.facts)
    require_probabilities(found)
    return found.scores, np.asarray(data.y)[rows]
