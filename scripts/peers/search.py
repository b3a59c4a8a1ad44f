"""The settings of `scripts/peers/search_space.py` as the peers train them: each is a task of one trial."""

import dataclasses
import json
import pathlib

import numpy as np

from scripts.peers.tasks import Task, products, read_digits

SPACE = "scripts/peers/search_space.py"
FLAGS = {"search": {}, "search-dropout": {"dropout": "none,0.2"}, "adaptive": {}}  # beside the space's own axes
BATCHED = 16  # settings that are asked for at a time in the task adaptive


@dataclasses.dataclass(frozen=True)
class Search:
    """Settings to train one after another.

    Attributes:
      settings: tasks of one trial each.
    """

    settings: tuple[Task, ...]

    def part(self, number: int, parts: int) -> "Search":
        """The settings of one of several processes."""
        return Search(self.settings[number::parts])

    def __len__(self) -> int:
        """Count the settings."""
        return len(self.settings)

    @property
    def epochs(self) -> int:
        """The epochs of every setting."""
        return self.settings[0].epochs

    @property
    def steps(self) -> float:
        """The steps of a setting in the mean."""
        return float(np.mean([task.steps for task in self.settings]))

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """What trials.csv says of each setting."""
        names = self.settings[0].columns
        return {name: np.concatenate([task.columns[name] for task in self.settings]) for name in names}


def write_settings(path: pathlib.Path, task: str, num: int) -> None:
    """Draw settings as nnjax does, and write them as JSON; fewer of them are the first ones."""
    from nnjax.cli.config import load_config
    from nnjax.spaces.expansion import expand
    from nnjax.spaces.overrides import override

    module = load_config(SPACE)
    space = override(module.get_space(), {"num": str(num), **FLAGS[task]})
    rows = [setting_of(spec.experiment) for spec in expand(module.get_config(), space)]
    path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def setting_of(experiment) -> dict:
    """What varies of an experiment, as plain values."""
    hyper = experiment.hyperparameters
    return {
        "widths": list(experiment.model.widths),
        "activation": experiment.model.activation,
        "batch_size": experiment.batch_size,
        "optimizer": experiment.optimizer.name,
        "rate": hyper.learning_rate,
        "decay": hyper.weight_decay,
        "dropout": hyper.dropout or 0.0,
    }


def task_of(setting: dict, digits, epochs: int) -> Task:
    """The task of one setting, with seed 0."""
    train, validation = digits
    values = dict(setting)
    widths = (train[0].shape[1], *values.pop("widths"), 10)
    rate, decay, seed = np.array([values.pop("rate")]), np.array([values.pop("decay")]), np.zeros(1, int)
    return Task(widths, train, validation, rate, decay, seed, epochs=epochs, **values)


def settings_file(data: str | pathlib.Path, task: str) -> pathlib.Path:
    """Where the settings of a task lie: beside the data."""
    return pathlib.Path(data).parent / f"{task}.json"


def search(task: str):
    """How the first settings of a search are read, as for `scripts.peers.tasks.TASKS`."""

    def read(trials: int, epochs: int, data: str) -> Search:
        rows, digits = json.loads(settings_file(data, task).read_text("utf-8"))[:trials], read_digits(data)
        return Search(tuple(task_of(row, digits, epochs) for row in rows))

    return read


SEARCHES = {
    "search": search("search"),
    "search-dropout": search("search-dropout"),
    "adaptive": lambda trials, epochs, data: read_digits(data),  # the settings are asked for
}


def mean_step_flops(found: Search) -> float:
    """Floating-point operations of a step's products: the mean over all steps of all settings."""
    steps = np.array([task.steps for task in found.settings])
    flops = np.array([6 * task.batch_size * products(task.widths) for task in found.settings])
    return float((steps * flops).sum() / steps.sum())
