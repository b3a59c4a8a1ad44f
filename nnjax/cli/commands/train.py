"""Train one trial: `nnjax train --config=mnist_mlp --workdir=runs/mnist_mlp [--config.F=V ...]`.

Or train a trial of a run again, alone: `nnjax train --from=runs/sweep --trial=17 --workdir=runs/trial17`.

A second call with the same workdir resumes. Fields are named whole (model.widths) or by their last part (widths);
what the command line sets holds in every arm. --sanity shows first, by short trials of a few seconds, whether the
network can learn at all: its loss at the start, overfitting 20 examples, the inputs taken away, the labels shuffled.

A network too slow for one device shares each batch between several, --batch_devices=8, also between those of several
processes: see `nnjax sweep --help` and docs/clusters.md.
"""

from typing import Any

from absl import flags

from nnjax.cli import config, distributed, main, training
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.spaces.space import Space

FLAGS = flags.FLAGS
OVERRIDES = ("config",)


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("config", None, "configuration: a shipped one by name (mnist_mlp), or a Python file")
    flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
    flags.DEFINE_string("arm", None, "train this arm of the configuration's search space (with those it starts from)")
    flags.DEFINE_string("from", None, "run folder one of whose trials is trained again, instead of a configuration")
    flags.DEFINE_integer("trial", None, "which trial of --from", lower_bound=0)
    flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)
    flags.DEFINE_integer("batch_devices", None, "how many devices share each batch; 1 by default", lower_bound=1)
    flags.DEFINE_string("title", None, "of the report; by default the configuration's first line, or made from the run")
    distributed.define_flags()
    flags.DEFINE_list("trackers", [], "where to log the training: tensorboard, jsonl, wandb, trackio")
    flags.DEFINE_bool("sanity", False, "before training, show by short trials whether learning can work at all")


def run(argv: list[str]) -> None:
    """Train the configuration's experiment, or a trial of a run."""
    main.start_jax()
    plan = {"devices": FLAGS.devices, "batch_devices": FLAGS.batch_devices}
    if FLAGS["from"].value is not None or FLAGS.trial is not None:
        training.run(_job_again(argv, plan))
        return
    path, workdir = config.require(argv, FLAGS.config, FLAGS.workdir)
    module = config.load_config(path)
    several = distributed.join(workdir)
    experiment, space = config.experiment_of(module), config.arm_of(module, FLAGS.arm)
    if experiment.signals is None:
        experiment = replace(experiment, {"signals": True})
    title = config.title_of(module, FLAGS.title)
    training.run(training.Job(experiment, space, workdir, title, plan, **_after(), distributed=several))


def _after() -> dict[str, Any]:
    return {"sanity": FLAGS.sanity, "trackers": FLAGS.trackers}


def _job_again(argv: list[str], plan: dict[str, Any]) -> training.Job:
    """Train one trial of a run again, with the command line's `--config.FIELD=VALUE` applied."""
    source, trial = FLAGS["from"].value, FLAGS.trial
    if FLAGS.config or FLAGS.arm:
        raise UserError("--from takes the experiment of a run; leave out --config and --arm.")
    if FLAGS.distributed or FLAGS.num_processes is not None:
        raise UserError(f"A trial of a run is trained again in one process only: leave out {distributed.FLAGS}.")
    if source is None or trial is None:
        raise UserError("--from=RUN and --trial=NUMBER belong together: which trial of which run is trained again.")
    source, workdir = config.require(argv, source, FLAGS.workdir)
    from nnjax.verify.retraining import retrial

    again = retrial(source, trial)
    plan = vars(again.plan) | {name: value for name, value in plan.items() if value is not None}
    experiment = replace(again.experiment, main.overrides("config"))
    return training.Job(experiment, Space(), workdir, FLAGS.title or again.title, plan, **_after())
