"""Train a search space: `nnjax sweep --config=NAME --workdir=DIR [--space.F=V ...]`.

An axis is a list (--space.learning_rate=0.1,0.01), a range (--space.learning_rate=log:1e-4:1e-1:16,
lin:LOW:HIGH:POINTS) or, if its values are lists, has semicolons between them (--space.widths="32;64,32").
--space.seed=0,1,2 trains every setting with three seeds. --space.mode=grid|zip|random, --space.num=N and
--space.draw_seed=S set how axes combine; --space.arms=A,B keeps only these arms. --space.eta=3 drops the worse settings
early; --space.every=5 replaces the worst by copies of the best with changed hyperparameters. --space.mode=adaptive
--space.num=N --space.batch=B asks an Optuna sampler for B settings at a time, given the results so far (the mean over
seeds). --config.F=V sets a field in all trials and overrides the file's axes and arms. The same command
with the same workdir resumes a run.

--keep=best:K keeps only the weights of the K best trials and of the chosen setting's (for each goal). A run cannot be
resumed with another --keep.

Several processes train one sweep: in a cluster that JAX knows (SLURM, Open MPI, GKE, Cloud TPU) start the same command
with --distributed in each; elsewhere give --coordinator=HOST:PORT, --num_processes=N and --process_id=0 (1, 2, …). All
need the same workdir on a file system that they share. See docs/clusters.md.

--max_seconds=S ends the run after S seconds with the best so far: unfinished trials are scored at their best epoch, and
the same command continues later, with any --max_seconds.

--certify trains up to four trials again afterwards, among other trials and alone, and checks that the results are the
same; the report shows the outcome, and the exit status is 1 if they differ. On a finished run it does only this.
"""

from absl import flags

from nnjax.cli import config, distributed, main, training
from nnjax.search.optuna.samplers import SAMPLERS

FLAGS = flags.FLAGS
OVERRIDES = ("config", "space")


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("config", None, "configuration: a shipped one by name (deck_autoencoders), or a Python file")
    flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
    flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)
    flags.DEFINE_integer("batch_devices", 1, "how many devices share each batch", lower_bound=1)
    flags.DEFINE_integer("lanes", None, "the most trials on one device at a time", lower_bound=1)
    flags.DEFINE_string("title", None, "of the report; by default the configuration's first line, or made from the run")
    flags.DEFINE_bool("report", True, "write the HTML report; `nnjax report` writes it later")
    flags.DEFINE_string("keep", "all", "which weights to keep: all, or best:K by validation loss")
    flags.DEFINE_list("trackers", [], "where to log the training: tensorboard, jsonl, wandb, trackio")
    flags.DEFINE_float("max_seconds", None, "stop after this many seconds, with the best so far", lower_bound=0.001)
    flags.DEFINE_bool("certify", False, "after training, train some trials again and compare the results")
    flags.DEFINE_bool("sanity", False, "before training, check with short trials whether the network can learn at all")
    flags.DEFINE_bool("merge", True, "whether networks of different architectures may share a program")
    flags.DEFINE_enum("order", "auto", ["auto", "shared", "own"], "whether trials of one seed share their batches")
    flags.DEFINE_enum("sampler", None, SAMPLERS, "the sampler of mode adaptive; tpe by default")
    flags.DEFINE_string("storage", None, "URL of the Optuna storage; by default study.log in the run folder, a journal")
    flags.DEFINE_string("study", None, "name of the Optuna study; by default that of the run folder")
    distributed.define_flags()
    flags.DEFINE_string(
        "metric",
        None,
        "what mode adaptive optimizes: a column of trials.csv; by default what the best setting is chosen by",
    )


def run(argv: list[str]) -> None:
    """Train every trial of the configuration's search space."""
    main.start_jax()
    path, workdir = config.require(argv, FLAGS.config, FLAGS.workdir)
    module = config.load_config(path)
    several = distributed.join(workdir)
    adaptive = {"sampler": FLAGS.sampler, "storage": FLAGS.storage, "study_name": FLAGS.study, "metric": FLAGS.metric}
    plan = {name: FLAGS[name].value for name in ("devices", "batch_devices", "lanes", "order", "merge")}
    experiment, space = config.experiment_of(module), config.space_of(module)
    title = config.title_of(module, FLAGS.title)
    after = (FLAGS.keep, FLAGS.sanity, FLAGS.report, FLAGS.certify, several, FLAGS.max_seconds, FLAGS.trackers)
    training.run(training.Job(experiment, space, workdir, title, plan, adaptive, *after))
