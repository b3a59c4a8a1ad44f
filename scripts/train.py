"""Train one trial: `python scripts/train.py --config=configs/mnist_mlp.py --workdir=runs/mnist_mlp [--config.F=V ...]`.

A second call with the same workdir resumes. Fields are named whole (model.widths) or by their last part (widths);
what the command line sets holds in every arm.
"""

from absl import flags

from nnjax.main import run, start_jax

CONFIG = flags.DEFINE_string("config", None, "configuration file, such as configs/mnist_mlp.py")
WORKDIR = flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
ARM = flags.DEFINE_string("arm", None, "train this arm of the configuration's search space (with those it starts from)")
DEVICES = flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)
BATCH_DEVICES = flags.DEFINE_integer("batch_devices", 1, "how many devices share each batch", lower_bound=1)


def main(argv: list[str]) -> None:
    """Train the configuration's experiment."""
    start_jax()
    from nnjax import command
    from nnjax.search import Space, override

    config, workdir = command.require(argv, CONFIG.value, WORKDIR.value)
    module = command.load_config(config)
    arms = {} if ARM.value is None else override(command.space_of(module), {"arms": ARM.value}).arms
    command.run(
        command.experiment_of(module),
        Space(arms=arms),
        workdir,
        command.title_of(module),
        devices=DEVICES.value,
        batch_devices=BATCH_DEVICES.value,
    )


if __name__ == "__main__":
    run(main, config_flags=["config"])
