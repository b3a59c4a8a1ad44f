"""Experiments: what is static in them."""

from nnjax.core.experiment import Experiment
from nnjax.core.fields import field_types, flatten, replace
from nnjax.core.hyperparameters import Hyperparameters


def test_only_the_values_of_traced_fields_are_left_out_of_the_program_key():
    """Equal keys share a compiled program: a learning rate's value must not matter, its presence must."""
    base = Experiment(hyperparameters=Hyperparameters(learning_rate=0.1))
    traced = {"learning_rate": 0.2, "epochs": 7, "seed": 3, "start_weights": "weights.npz", "evaluate_test": "all"}
    assert replace(base, traced).program_key == base.program_key
    others = [path for path in field_types(Experiment) if path.split(".")[-1] not in traced]
    changed = {int: 17, float: 0.3, str: "x", bool: True}
    for path in others:
        old = flatten(base)[path]
        value = 0.25 if old is None else not old if isinstance(old, bool) else changed.get(type(old), (3,))
        if path == "metrics":
            value = ("huber",)
        elif path in ("data.data_dir", "data.target", "data.encoding", "data.groups"):
            value = "x"
        elif path in ("data.columns", "data.drop", "data.ordinal", "data.na_values", "model.trainable"):
            value = ("x",)
        elif path == "model.widths":
            value = (3,)
        elif path in ("data.limit", "data.folds", "data.window", "hyperparameters.patience", "batch_size"):
            value = 5
        elif path == "signals":
            value = True
        elif path == "class_weight":
            value = "balanced"
        assert replace(base, {path: value}).program_key != base.program_key, path
