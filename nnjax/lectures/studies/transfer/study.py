"""Compare frozen features, fine-tuning and training from scratch at several numbers of examples."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from nnjax.api import save_weights, sweep
from nnjax.cli.study import Log
from nnjax.core.experiment import Experiment
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Dataset
from nnjax.lectures.studies.transfer.page import write
from nnjax.lectures.studies.transfer.tasks import Pair, config, pairs
from nnjax.models.summary import summarize_model
from nnjax.runs.run import Run
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.records import FINISHED

SCRATCH, FROZEN, TUNED, OTHERS = "from scratch", "frozen features", "fine-tuning", "no training: the other task's net"


@dataclasses.dataclass(frozen=True)
class Transfer:
    """A dense network, pretrained on one task and used for another of as many classes."""

    base: Experiment  # the network and its training, for both tasks; its data are the study's
    limit: int  # examples of a task at most
    test: int  # of them, those that are tested on
    sizes: tuple[int, ...]  # training examples of the task to learn; 0 for all
    epochs: tuple[int, ...]  # at each of the sizes; the last ones are also those of pretraining, on all examples
    seeds: tuple[int, ...]  # of what is trained on the task to learn; the pretrained network is one
    rate: float  # the learning rate of whole networks
    head_rate: float  # that of an output layer alone, which needs a higher one

    def run(self, workdir: pathlib.Path, log: Log) -> pathlib.Path:
        """Train, and write results.csv, figure.png and study.html; returns the page's path."""
        frame = pd.DataFrame([row for pair in pairs(self.limit, log) for row in self.results(pair, workdir, log)])
        return write(frame, len(self.seeds), workdir)

    def results(self, pair: Pair, workdir: pathlib.Path, log: Log) -> list[dict[str, Any]]:
        """One row a method, number of examples and seed of a pair; run folders go below the workdir."""
        folder = workdir / pair.name.replace(" ", "_")
        log(f"{pair.name}: pretraining")
        source = self._train(self._base(None, self.epochs[-1]), pair.source, Space(), folder / "source", log)
        file = _fresh_head(source, folder / "pretrained.npz")
        rows = [self._untrained(pair, source)]
        for size, epochs in zip(self.sizes, self.epochs, strict=True):
            log(f"{pair.name}: {size or 'all'} examples")
            arms = self._arms(str(file))
            space = Space(axes={"seed": self.seeds}, arms=arms)
            run = self._train(self._base(size or None, epochs), pair.target, space, folder / f"target_{size}", log)
            rows += [self._row(pair, run, trial, source) for trial in range(len(run.specs))]
        return [row for row in rows if row]

    def _base(self, limit: int | None, epochs: int) -> Experiment:
        data, hyper = config(limit, self.test), Hyperparameters(learning_rate=self.rate)
        return dataclasses.replace(self.base, data=data, hyperparameters=hyper, epochs=epochs, evaluate_test="all")

    def _train(self, base: Experiment, data: Dataset, space: Space, folder: pathlib.Path, log: Log) -> Run:
        return sweep(base, space, data=data, workdir=folder, title=f"Transfer: {data.name}", log=_quiet(log))

    def _arms(self, file: str) -> dict[str, Arm]:
        head = f"layer_{len(self.base.model.widths or ())}/*"
        loaded = {"start_weights": file}
        frozen = {**loaded, "model.trainable": (head,), "learning_rate": self.head_rate}
        return {SCRATCH: Arm(), FROZEN: Arm(frozen), TUNED: Arm(loaded)}

    def _untrained(self, pair: Pair, source: Run) -> dict[str, Any]:
        """Measure the source's network on the other task as it is: its classes mean nothing there."""
        rows = np.random.default_rng(1).permutation(len(pair.target.x))[: self.test]
        found = source.outputs(pair.target.x[rows], 0).argmax(axis=1)
        right = float((found == np.asarray(pair.target.y)[rows]).mean())
        return {"pair": pair.name, "method": OTHERS, "size": 0, "seed": 0, "accuracy": right}

    def _row(self, pair: Pair, run: Run, trial: int, source: Run) -> dict[str, Any]:
        """Tabulate a trial: accuracy, and what its training cost with that of the source."""
        spec, record = run.specs[trial], run.records[trial]
        if record.status not in FINISHED:
            return {}
        sizes, operations = _counts(run, trial)
        spent = 0 if spec.arm == SCRATCH else _counts(source, 0)[1]
        return {
            "pair": pair.name,
            "method": spec.arm,
            "size": run.facts(trial).sizes[0],
            "seed": spec.experiment.seed,
            "accuracy": record.values["test_accuracy"],
            "parameters": sizes[0],
            "trained": sizes[1],
            "operations": operations,
            "before": spent,
            "seconds": record.seconds,
        }


def _quiet(log: Log) -> Log:
    """Pass warnings on, no remarks: there are many runs."""
    return lambda text: log(text) if text.startswith("warning") else None


def _fresh_head(source: Run, path: pathlib.Path) -> pathlib.Path:
    """Write a network's weights with an output layer of zeros, which starts anew and is the same for every seed."""
    params = {
        name: {part: np.asarray(leaf) for part, leaf in layer.items()} for name, layer in source.params(0).items()
    }
    last = f"layer_{len(params) - 1}"
    save_weights(params | {last: {part: np.zeros_like(leaf) for part, leaf in params[last].items()}}, path)
    return path.resolve()


def _counts(run: Run, trial: int) -> tuple[tuple[int, int], float]:
    """Count a trial's parameters, those that train, and the operations of its training.

    A forward pass costs twice the weights; the backward pass twice that again, of frozen layers nothing: their outputs
    need no gradients.
    """
    experiment, facts = run.specs[trial].experiment, run.facts(trial)
    whole = summarize_model(experiment, facts.example_shape, run.num_outputs(trial))
    if experiment.model.trainable is None:
        trained, backward = whole.parameters, 2.0 * whole.flops
    else:
        head = (experiment.model.widths or (facts.num_inputs,))[-1] * run.num_outputs(trial)
        trained, backward = head + run.num_outputs(trial), 4.0 * head
    steps = facts.sizes[0] * run.records[trial].epochs
    return (whole.parameters, trained), (whole.flops + backward) * steps
