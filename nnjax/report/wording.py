"""What a run is about, in words: what its data predict, and its settings."""

import re

from nnjax.core.experiment import Experiment
from nnjax.core.fields import flatten
from nnjax.core.text import count, field_name
from nnjax.core.types import DataFacts
from nnjax.models.registry import traits_of
from nnjax.runs.settings import Setting, layers
from nnjax.train.engine.device_data import output_width

UNNAMED = {"arrays": "the given arrays", "DataFrame": "the DataFrame"}  # data that have no name of their own
MAX_TARGETS, MAX_LAYERS = 3, 3
FIELDS = sorted({name for path in flatten(Experiment()) if "_" in (name := field_name(path))})
NAMES = re.compile(rf"(?<![^ ])({'|'.join(FIELDS)})(?= )")


def data_words(facts: DataFacts) -> str:
    """Name the data."""
    return UNNAMED.get(facts.name, facts.name)


def target_words(setting: Setting) -> str:
    """Name the columns of a table that a setting predicts, such as "price" and "rent"; "" where they have no names."""
    recipe = setting.facts.recipe
    names = [] if recipe is None or setting.goal == "reconstruction" else [f"“{name}”" for name in recipe.target]
    if len(names) > MAX_TARGETS:
        return f"{len(names)} columns"
    return " and ".join([", ".join(names[:-1]), *names[-1:]]) if len(names) > 1 else "".join(names)


def setting_words(setting: Setting, alone: bool = False) -> str:
    """Name a setting with the fields' names as words; a dense network that stands alone by its layers too."""
    name = NAMES.sub(lambda found: found[0].replace("_", " "), setting.label)
    if not alone or not traits_of(setting.experiment.model).is_dense:
        return name
    own = layer_words(setting)
    return own if setting.label == layers(setting.experiment, setting.facts) else f"{name}: {own}"


def layer_words(setting: Setting) -> str:
    """Describe the layers of a dense network."""
    hidden, facts = setting.experiment.model.widths or (), setting.facts
    ends = count(facts.num_inputs, "input"), count(output_width(setting.experiment.model, facts), "output")
    if len(hidden) > MAX_LAYERS:
        return f"{ends[0]}, hidden layers of {'-'.join(map(str, hidden))} units, {ends[1]}"
    sizes = f"{', '.join(map(str, hidden[:-1]))} and {hidden[-1]}" if len(hidden) > 1 else "".join(map(str, hidden))
    between = f"hidden layer{'s' * (len(hidden) > 1)} of {sizes} units" if hidden else "no hidden layer"
    return f"{ends[0]}, {between}, {ends[1]}"
