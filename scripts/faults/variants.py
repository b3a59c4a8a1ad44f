"""The variants of a sweep that are killed at the n-th replace, fsync, unlink or mkdir: seconds of training each."""

HEAD = '''"""A variant for `make torture`."""


from nnjax import Arm, DataConfig, Evolution, Experiment, Halving, Hyperparameters, ModelConfig, Range, Space

DATA = dict(name="two_spirals:300", scaling="standard")


def get_config():
    data, more = DataConfig(**{{**DATA, {data}}}), dict({{{more}}})
    return Experiment(data=data, model=ModelConfig(widths=(8,)), batch_size=32, **{{"epochs": 12, **more}})


def get_space():
    return Space({space})
'''
RATES = 'axes={"learning_rate": Range(1e-3, 1e-1, 6, log=True)}'
VARIANTS: dict[str, dict[str, str]] = {  # what differs: of the data, of the experiment, of the space; and flags
    "groups": {"space": 'axes={"widths": ((4,), (8, 8), (16,)), "batch_size": (32, 64), "seed": (0, 1)}'},
    "halving": {"space": f"{RATES}, halving=Halving(eta=2)"},
    "pbt": {"space": f"{RATES}, evolution=Evolution(every=3, share=0.3)"},
    "optuna": {"space": f'{RATES}, mode="adaptive", num=6, batch=3'},
    "keep_folds_patience": {
        "data": '"folds": 3',
        "more": '"hyperparameters": Hyperparameters(learning_rate=0.1, patience=2)',
        "space": 'axes={"data.fold": (0, 1, 2), "seed": (0, 1)}',
        "flags": "--keep=best:2",
    },
    "windows": {"data": '"window": 96', "space": 'axes={"learning_rate": (0.01, 0.1)}'},
    "warm_starts": {"space": 'axes={"seed": (0, 1)}, arms={"a": Arm(), "b": Arm({"epochs": 6}, start_from="a")}'},
}


def config_of(name: str) -> str:
    """Write the configuration file of a variant."""
    parts = VARIANTS[name]
    return HEAD.format(data=parts.get("data", ""), more=parts.get("more", ""), space=parts["space"])


def flags_of(name: str) -> list[str]:
    """List the flags of a variant's sweep."""
    return VARIANTS[name].get("flags", "").split()
