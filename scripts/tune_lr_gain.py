"""How good the recommended learning rate is: `python -m scripts.tune_lr_gain [--tasks=digits] [--optimizers=sgd]`.

On four tasks each optimizer's rate is searched as scripts/tune_lr.py does it, within 12 whole trainings, and the whole
grid of 64 rates is trained to the end with ten seeds: the five from 0 on, of which the search has seen three, and five
that it has not seen. Prints by how much the recommended rate's mean validation loss lies above that of the grid's best
rate, as a share and in standard errors of the paired difference. The best of 64 means over five seeds is partly luck:
so is the "grid" column's rate, the best over the three seeds of the search, judged in the same way by the other five.
"""

import dataclasses
import json
import math
import pathlib
import time

import numpy as np
from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from scripts.rate_gaps import Gap, gap

TASKS = flags.DEFINE_list("tasks", ["digits", "diabetes", "mnist5k", "autoencoder"], "which tasks to measure")
OPTIMIZERS = flags.DEFINE_list("optimizers", ["sgd", "momentum", "adam", "adadelta"], "which optimizers to search for")
OUT = flags.DEFINE_string("out", "runs/tune_lr_gain", "folder to write into")
SEEN, SEEDS = 3, 5  # seeds of the search, and of each of the two comparisons

EXPERIMENTS = {
    "digits": Experiment(data=DataConfig("digits"), model=ModelConfig("mlp", widths=(32,)), batch_size=32, epochs=20),
    "diabetes": Experiment(
        data=DataConfig("diabetes", scaling="standard", target_scaling="standard"),
        model=ModelConfig("mlp", widths=(32,), output_activation="linear"),
        loss="mean_squared_error",
        batch_size=32,
        epochs=40,
    ),
    "mnist5k": Experiment(
        data=DataConfig("mnist5k"), model=ModelConfig("mlp", widths=(64,)), batch_size=100, epochs=20
    ),
    "autoencoder": Experiment(
        data=DataConfig("mnist5k", limit=1000),
        model=ModelConfig("autoencoder", widths=(64, 16, 64), output_activation="sigmoid"),
        loss="mean_squared_error",
        batch_size=50,
        epochs=20,
    ),
}


def grid(experiment: Experiment, name: str) -> np.ndarray:
    """Train all rates with all seeds to the end: losses [rates, seeds]."""
    import nnjax
    from nnjax.search.learning_rate.tune import rate_range, with_optimizer
    from nnjax.spaces.space import Space

    axes = {"learning_rate": rate_range(name).points(), "seed": range(2 * SEEDS)}
    swept = nnjax.sweep(with_optimizer(experiment, name), Space(axes=axes), keep="best:1")
    losses = [r.values.get("val_loss", math.nan) if r.status == "done" else math.nan for r in swept.records]
    return np.where(np.isfinite(losses), losses, np.inf).reshape(-1, 2 * SEEDS)


def measure(task: str, name: str) -> dict[str, object]:
    """Search a rate, train the grid, and print a row of the table."""
    from nnjax.search.learning_rate.tune import rate_range, tune

    base = dataclasses.replace(EXPERIMENTS[task], optimizer=OptimizerConfig(name, preset="keras3"))
    base = dataclasses.replace(base, metrics=(), train_eval_size=0)
    begin = time.perf_counter()
    [found] = tune(base, {name: rate_range(name)})
    seconds = time.perf_counter() - begin
    losses = grid(base, name)
    known, new = losses[:, :SEEDS], losses[:, SEEDS:]
    same, others = gap(known, found.best), gap(new, found.best)
    whole = gap(new, int(np.argmin(losses[:, :SEEN].mean(axis=1))))
    best = found.rates[int(np.argmin(losses.mean(axis=1)))]
    texts = f"{task:>12}{name:>10}{found.rates[found.best]:9.2g}{best:9.2g}{found.runs():7.2f}{seconds:7.1f}"
    print(f"{texts} |{same} |{others} |{whole}", flush=True)
    return {
        "task": task,
        "optimizer": name,
        "rate": float(found.rates[found.best]),
        "best_of_grid": float(best),
        "runs": found.runs(),
        "seconds": seconds,
        "gap": same._asdict(),
        "gap_new_seeds": others._asdict(),
        "gap_of_grid_new_seeds": whole._asdict(),
        "losses": losses.tolist(),
    }


def main(argv: list[str]) -> None:
    """Measure all tasks and optimizers."""
    unknown = [task for task in TASKS.value if task not in EXPERIMENTS]
    if unknown:
        raise UserError(f"There is no task {unknown[0]!r}; choose some of {', '.join(EXPERIMENTS)}.")
    start_jax()
    print(
        f"{'task':>12}{'optimizer':>10}{'rate':>9}{'grid':>9}{'runs':>7}{'s':>7} | seeds 0-4              | seeds 5-9"
    )
    rows = [measure(task, name) for task in TASKS.value for name in OPTIMIZERS.value]
    folder = pathlib.Path(OUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gain.json").write_text(json.dumps(rows), "utf-8")
    for key, what in (("gap", "seeds 0-4"), ("gap_new_seeds", "seeds 5-9"), ("gap_of_grid_new_seeds", "whole grid")):
        held = sum(Gap(**row[key]).holds() for row in rows)  # type: ignore[arg-type]
        print(f"within 2 % or one standard error, {what}: {held} of {len(rows)}")


if __name__ == "__main__":
    run(main)
