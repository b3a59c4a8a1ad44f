"""What a model of one's own costs beside the built-in one of the same layers: `python -m scripts.own_model_cost`.

Trains the digits network 64-32-10 as our mlp and as a Linen module of a user's, in turn: seconds to compile, and µs a
step and trial once compiled (from runs of 5 and of 25 epochs, whose difference is steps alone).
"""

import time
from typing import Any

import flax.linen as nn
from absl import flags

from nnjax.cli.main import run, start_jax

TRIALS = flags.DEFINE_integer("trials", 128, "trials that train together", lower_bound=1)
REPEATS = flags.DEFINE_integer("repeats", 5, "measurements of each, in turn", lower_bound=1)
SHORT, LONG = 5, 25


class Net(nn.Module):
    """The layers of ours, as a user would write them."""

    @nn.compact
    def __call__(self, x):
        """Give the logits."""
        return nn.Dense(10)(nn.relu(nn.Dense(32)(x.reshape(len(x), -1))))


def main(argv: list[str]) -> None:
    """Measure and print."""
    start_jax()
    import numpy as np

    import nnjax
    from nnjax.data import load

    models: dict[str, Any] = {"built in": nnjax.ModelConfig(widths=(32,)), "Linen": Net()}
    data = load("digits")

    def seconds(model: Any, epochs: int) -> float:
        experiment = nnjax.Experiment(model=model, epochs=epochs, batch_size=32, metrics=())
        rates = nnjax.Range(1e-4, 1e-2, TRIALS.value, log=True)
        begin = time.perf_counter()
        nnjax.sweep(experiment, {"learning_rate": rates}, data=data, plan=nnjax.Plan(lanes=64))
        return time.perf_counter() - begin

    first = {name: seconds(model, SHORT) for name, model in models.items()}
    steps = (LONG - SHORT) * -(-len(data.x) * 8 // 10 // 32) * TRIALS.value
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(REPEATS.value):
        for name, model in models.items():
            times[name].append((seconds(model, LONG) - seconds(model, SHORT)) / steps * 1e6)
    for name, values in times.items():
        middle = f"{np.median(values):.2f} µs ({min(values):.2f}-{max(values):.2f})"
        print(f"{name:8} first run {first[name]:.1f} s, step {middle}")
    ratios = np.array(times["Linen"]) / np.array(times["built in"])
    print(f"ratio of a step, Linen / built in: median {np.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    run(main)
