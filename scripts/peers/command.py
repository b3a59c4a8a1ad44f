"""What the peers' programs share: their command line, and the files that they leave."""

import argparse
import csv
import json

import numpy as np

from scripts.peers.search import SEARCHES
from scripts.peers.tasks import TASKS

KNOWN = {**TASKS, **SEARCHES}


class Curves:
    """Training loss, validation loss and accuracy: arrays [trial, epoch]."""

    def __init__(self, trials, epochs):
        self.values = np.full((3, trials, epochs), np.nan)

    def add(self, trial, epoch, *values):
        """Note one epoch of one trial."""
        self.values[: len(values), trial, epoch] = values


def curves_of(task):
    """Empty curves for a task."""
    return Curves(len(task), task.epochs)


def read_arguments(variants):
    """Read the command line; return it with the task's own part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=KNOWN)
    parser.add_argument("variant", choices=variants)
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--part", default="0/1", help="NUMBER/PARTS of the trials")
    parser.add_argument("--data", default="", help="NPZ file of the digits")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", required=True, help="file name without its ending")
    arguments = parser.parse_args()
    number, parts = map(int, arguments.part.split("/"))
    task = KNOWN[arguments.task](arguments.trials, arguments.epochs, arguments.data)
    return arguments, task.part(number, parts) if parts > 1 else task


def steady_seconds(passes, warm):
    """Seconds of all passes over the examples, as if each took what one takes after the first `warm`, which compile."""
    if len(passes) <= warm:
        raise ValueError(f"{len(passes)} passes, but more than {warm} were expected; give more epochs or trials.")
    return sum(passes[warm:]) / (len(passes) - warm) * len(passes)


def write_results(arguments, task, curves, steady):
    """Write trials.csv, curves.npz and what the benchmark reads."""
    names = ("train_loss", "val_loss", "val_accuracy")
    np.savez(f"{arguments.out}.npz", **dict(zip(names, curves.values, strict=True)))
    with open(f"{arguments.out}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*task.columns, *names])
        writer.writerows(zip(*task.columns.values(), *curves.values[:, :, -1], strict=True))
    found = {"steady_seconds": steady, "steps": task.steps, "trials": len(task)}
    _, losses, accuracies = curves.values[:, :, -1]
    best = {"best_val_loss": float(np.nanmin(losses)), "best_val_accuracy": float(np.fmax.reduce(accuracies))}
    with open(f"{arguments.out}.json", "w", encoding="utf-8") as file:
        json.dump(found | best, file)
