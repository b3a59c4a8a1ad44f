"""Find the learning rate: `python scripts/tune_lr.py --config=configs/NAME.py [--workdir=DIR] [--optimizers=sgd,adam]`.

Searches 64 rates with 3 seeds for each optimizer (by default the configuration's own), in at most 12 trainings, and
draws the loss against the rate: too low, good, high, too high. --low and --high set the ends of the range; --config.F=V
sets a field. With --batch_sizes=16,32,64 a grid of 12 rates and these batch sizes is trained instead, once each, and
drawn as a phase diagram coloured by verdict. Writes report.html, figures/, tune_lr.csv and tune_lr.json.
"""

import pathlib

from absl import flags

from nnjax.cli.main import run, start_jax

CONFIG = flags.DEFINE_string("config", None, "configuration file, such as configs/learning_rate.py")
WORKDIR = flags.DEFINE_string("workdir", None, "folder to write into; by default runs/tune_lr/NAME")
OPTIMIZERS = flags.DEFINE_list("optimizers", None, "whose rates are searched; by default the configuration's own")
LOW = flags.DEFINE_float("low", None, "the lowest rate; by default a ten-thousandth of the usual one")
HIGH = flags.DEFINE_float("high", None, "the highest rate; by default ten thousand times the usual one")
BATCH_SIZES = flags.DEFINE_list("batch_sizes", None, "train a grid of rates and these batch sizes instead")
DEVICES = flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)


def main(argv: list[str]) -> None:
    """Search, draw and write."""
    start_jax()
    from nnjax.cli import command, tune_lr

    config, workdir = command.require(argv, CONFIG.value, WORKDIR.value or tune_lr.usual_workdir(CONFIG.value))
    module = command.load_config(config)
    experiment = command.experiment_of(module)
    tune_lr.run(
        experiment,
        workdir,
        pathlib.Path(config).stem,
        OPTIMIZERS.value,
        (LOW.value, HIGH.value),
        BATCH_SIZES.value,
        DEVICES.value,
    )


if __name__ == "__main__":
    run(main, config_flags=["config"])
