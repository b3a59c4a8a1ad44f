"""Train one trial: `python scripts/train.py --config=configs/mnist_mlp.py --workdir=runs/mnist_mlp [--config.F=V ...]`.

A second call with the same workdir resumes. Fields are named whole (model.widths) or by their last part (widths).
"""

from absl import flags

from nnjax.main import run, start_jax
from nnjax.types import UserError

CONFIG = flags.DEFINE_string("config", None, "configuration file, such as configs/mnist_mlp.py")
WORKDIR = flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
ARM = flags.DEFINE_string("arm", None, "train this arm of the configuration's search space (with those it starts from)")
DEVICES = flags.DEFINE_integer("devices", None, "how many devices to use; all by default")
BATCH_DEVICES = flags.DEFINE_integer("batch_devices", 1, "how many devices share each batch", lower_bound=1)


def main(argv: list[str]) -> None:
    """Train the configuration's experiment."""
    if len(argv) > 1 or CONFIG.value is None or WORKDIR.value is None:
        raise UserError("Usage: train.py --config=configs/NAME.py --workdir=DIR [--config.FIELD=VALUE ...].")
    start_jax()
    from nnjax import command
    from nnjax.search import Space, override
    from nnjax.train import Plan

    module = command.load_config(CONFIG.value)
    space = override(module.get_space(), {"arms": ARM.value}) if ARM.value else Space()
    arms = Space(arms=space.arms)
    plan = Plan(devices=DEVICES.value, batch_devices=BATCH_DEVICES.value)
    command.run(command.experiment_of(module), arms, WORKDIR.value, plan, command.title_of(module))


if __name__ == "__main__":
    run(main, config_flags=["config"])
