"""The results of a learning-rate search as page content."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnjax.core.experiment import Experiment
from nnjax.core.fields import to_dict
from nnjax.diagnosis.learning_rate import Recommendation, recommend
from nnjax.diagnosis.rate_regimes import RateSweep
from nnjax.report.charts.learning_rate import NAMES, plot_rates, plot_regime_curves
from nnjax.report.learning_rate.page import Page, Section
from nnjax.search.learning_rate.budget import RUNS, SEEDS


def rates_page(experiment: Experiment, found: Sequence[RateSweep]) -> Page:
    """Describe what `nnjax.search.learning_rate.tune.tune` found."""
    pairs, drawings = [(measured, recommend(measured)) for measured in found], {}
    for measured, seen in pairs:
        drawings[f"{measured.optimizer}_rates.png"] = plot_rates(measured, seen)
        drawings[f"{measured.optimizer}_curves.png"] = plot_regime_curves(measured, seen)
    first = found[0]
    runs = ", ".join(f"{measured.optimizer} {measured.runs():.1f}" for measured in found)
    return Page(
        sentences=[seen.sentence(measured.optimizer) for measured, seen in pairs],
        warnings=[f"{m.optimizer}: {seen.edge}" for m, seen in pairs if seen.edge],
        cards=[
            (m.optimizer, f"{seen.rate:.2g}", f"{NAMES[m.metric]} {seen.loss:.4g}; {_from_to(seen)}")
            for m, seen in pairs
        ],
        sections=[_rates_section(m, seen) for m, seen in pairs],
        how=[
            f"Each search chose from {' / '.join(dict.fromkeys(str(len(m.rates)) for m in found))} rates and {SEEDS} "
            f"seeds ({', '.join(map(str, first.seeds))}), and took at most {RUNS} trainings of "
            f"{experiment.epochs} epochs: {runs}. Rates that promised little left early, so that most were trained for "
            "a few epochs only.",
            "A rate is judged by the mean log loss of the last eighth of the epochs over its seeds, and to a lesser "
            "part by a smooth curve through its neighbors. The interval holds the rates around the best one that are "
            "at most 2 % worse, or not significantly worse in a one-sided paired t-test over seeds at 5 %. Just below "
            "a rate at which training breaks down the next lower one is recommended, where it costs at most 2 %.",
            f"All with batches of {first.batch_size}; another batch size or number of epochs has another best rate.",
        ],
        drawings=drawings,
        table=[row for m, seen in pairs for row in _rows(m, seen)],
        json={"experiment": to_dict(experiment), "optimizers": [_summary(m, seen) for m, seen in pairs]},
    )


def _from_to(seen: Recommendation) -> str:
    low, high = seen.interval
    return f"{low:.2g} to {high:.2g} are not significantly worse" if low < high else "all others are worse"


def _rates_section(measured: RateSweep, seen: Recommendation) -> Section:
    """Make the section on one optimizer: the recommended rate, its regimes and losses."""
    name = measured.optimizer
    spans = "; ".join(f"{s.regime} from {s.low:.2g} to {s.high:.2g}" for s in seen.spans)
    whole = [place for place, row in enumerate(measured.final_log_losses) if not np.isnan(row).all()]
    rows = []
    for place in whole:
        losses = np.exp(measured.final_log_losses[place])
        cells = [f"{loss:.4g}" if np.isfinite(loss) else "∞" if np.isinf(loss) else "" for loss in losses]
        mark = "recommended" if place == measured.best else ""
        rows.append([f"{measured.rates[place]:.3g}", seen.regimes[place], *cells, mark])
    return Section(
        name,
        [f"By regime: {spans}."],
        [
            (
                f"{name}_rates.png",
                "The loss against the learning rate: black where rates were trained to the end (dots are seeds), rings "
                "after as many epochs as the rate was given. The green bar below holds the rates that are not "
                "significantly worse than the best.",
            ),
            (
                f"{name}_curves.png",
                "The loss against the epoch, as far as each rate was trained: too low falls slowly, good fast and then "
                "low, high fast and then gets stuck at a worse level, too high learns nothing.",
            ),
        ],
        ["rate", "regime", *(f"seed {seed}" for seed in measured.seeds), ""],
        rows,
    )


def _rows(measured: RateSweep, seen: Recommendation) -> list[dict[str, Any]]:
    """One row a trial that was begun."""
    epochs = measured.epochs()
    begun = np.argwhere((epochs > 0) | measured.diverged)
    return [
        {
            "optimizer": measured.optimizer,
            "batch_size": measured.batch_size,
            "learning_rate": repr(float(measured.rates[place])),
            "seed": measured.seeds[seed],
            "epochs": int(epochs[place, seed]),
            "diverged": bool(measured.diverged[place, seed]),
            measured.metric: float(measured.losses[place, seed, epochs[place, seed] - 1])
            if epochs[place, seed]
            else "",
            "regime": seen.regimes[place],
        }
        for place, seed in begun
    ]


def _summary(measured: RateSweep, seen: Recommendation) -> dict[str, Any]:
    """Summarize a search for JSON."""
    return {
        "optimizer": measured.optimizer,
        "batch_size": measured.batch_size,
        "metric": measured.metric,
        "seeds": list(measured.seeds),
        "learning_rate": seen.rate,
        "loss": seen.loss,
        "interval": list(seen.interval),
        "regimes": [span._asdict() for span in seen.spans],
        "edge": seen.edge,
        "runs": measured.runs(),
    }
