"""Train one trial: `python scripts/train.py --config=configs/mnist_mlp.py --workdir=runs/mnist_mlp [--config.F=V ...]`.

Or train a trial of a run again, alone: `python scripts/train.py --from=runs/sweep --trial=17 --workdir=runs/trial17`.

A second call with the same workdir resumes. Fields are named whole (model.widths) or by their last part (widths);
what the command line sets holds in every arm. --sanity shows first, by short trials of a few seconds, whether the
network can learn at all: its loss at the start, 20 examples by heart, the inputs taken away, the labels shuffled.

A network too slow for one device shares each batch between several, --batch_devices=8, also between those of several
processes: see scripts/sweep.py and docs/clusters.md.
"""

from typing import Any

from absl import flags

from nnjax.cli.distributed import define_flags
from nnjax.cli.main import run, start_jax

CONFIG = flags.DEFINE_string("config", None, "configuration file, such as configs/mnist_mlp.py")
WORKDIR = flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
ARM = flags.DEFINE_string("arm", None, "train this arm of the configuration's search space (with those it starts from)")
FROM = flags.DEFINE_string("from", None, "run folder one of whose trials is trained again, instead of a configuration")
TRIAL = flags.DEFINE_integer("trial", None, "which trial of --from", lower_bound=0)
DEVICES = flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)
BATCH_DEVICES = flags.DEFINE_integer(
    "batch_devices", None, "how many devices share each batch; 1 by default", lower_bound=1
)
JOIN = define_flags()
SANITY = flags.DEFINE_bool("sanity", False, "before training, show by short trials whether learning can work at all")


def main(argv: list[str]) -> None:
    """Train the configuration's experiment, or a trial of a run."""
    start_jax()
    from nnjax import UserError
    from nnjax.cli import command

    layout: dict[str, Any] = {"devices": DEVICES.value, "batch_devices": BATCH_DEVICES.value}
    if FROM.value is not None or TRIAL.value is not None:
        if CONFIG.value or ARM.value:
            raise UserError("--from takes the experiment of a run; leave out --config and --arm.")
        if flags.FLAGS.distributed or flags.FLAGS.num_processes is not None:
            raise UserError("A trial of a run is trained again by one process: leave out the flags of several.")
        command.rerun(argv, FROM.value, TRIAL.value, WORKDIR.value, sanity=SANITY.value, **layout)
    else:
        config, workdir = command.require(argv, CONFIG.value, WORKDIR.value)
        module = command.load_config(config)
        distributed = JOIN(workdir)
        command.run(
            command.watched(command.experiment_of(module)),
            command.arm_of(module, ARM.value),
            workdir,
            command.title_of(module),
            sanity=SANITY.value,
            distributed=distributed,
            **layout,
        )


if __name__ == "__main__":
    run(main, config_flags=["config"])
