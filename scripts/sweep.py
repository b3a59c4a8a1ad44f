"""Train a search space: `python scripts/sweep.py --config=configs/NAME.py --workdir=DIR [--space.F=V ...]`.

An axis is a list (--space.learning_rate=0.1,0.01), a range (--space.learning_rate=log:1e-4:1e-1:16,
lin:LOW:HIGH:POINTS) or, for lists, divided by semicolons (--space.widths="32;64,32"). --space.seed=0,1,2 multiplies
everything. --space.mode=grid|zip|random, --space.num=N and --space.draw_seed=S say how axes combine; --space.arms=A,B
keeps arms. --space.eta=3 drops settings at rungs; --space.every=5 lets copies of the best, their hyperparameters
changed, take the places of the worst. --space.mode=adaptive --space.num=N --space.batch=B asks an Optuna sampler for B
settings at a time, in view of how those before did (over seeds: their mean). --config.F=V sets a field in all trials,
over the file's axes and arms. A second call with the same workdir resumes.

--keep=best:K keeps the weights of the K trials with the lowest validation loss only (of several losses, K each); the
choice belongs to the run, which cannot be resumed with another.

Several processes train one sweep: in a cluster that JAX knows (SLURM, Open MPI, GKE, Cloud TPU) start the same command
with --distributed in each; elsewhere give --coordinator=HOST:PORT, --num_processes=N and --process_id=0 (1, 2, …). All
need the same workdir on a file system that they share. See docs/clusters.md.

--certify trains up to four trials again afterwards, in another lane among other neighbours and alone, and says whether
they came out the same; the report shows it. On a run that has finished it does nothing else. If they did not, the exit
status is 1.
"""

from absl import flags

from nnjax.cli.distributed import define_flags
from nnjax.cli.main import run, start_jax
from nnjax.search.optuna.samplers import SAMPLERS

CONFIG = flags.DEFINE_string("config", None, "configuration file, such as configs/deck_autoencoders.py")
WORKDIR = flags.DEFINE_string("workdir", None, "run folder; made, or resumed")
DEVICES = flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)
BATCH_DEVICES = flags.DEFINE_integer("batch_devices", 1, "how many devices share each batch", lower_bound=1)
LANES = flags.DEFINE_integer("lanes", None, "the most trials on one device at a time", lower_bound=1)
REPORT = flags.DEFINE_bool("report", True, "write the HTML report; scripts/report.py writes it later")
KEEP = flags.DEFINE_string("keep", "all", "whose weights are kept: all, or best:K by validation loss")
CERTIFY = flags.DEFINE_bool("certify", False, "after training, train some trials again to show that all is the same")
SANITY = flags.DEFINE_bool("sanity", False, "before training, show by short trials whether learning can work at all")
ORDER = flags.DEFINE_enum("order", "auto", ["auto", "shared", "own"], "whether trials of one seed share their batches")
SAMPLER = flags.DEFINE_enum("sampler", None, SAMPLERS, "who is asked in mode adaptive; tpe by default")
STORAGE = flags.DEFINE_string("storage", None, "URL of the Optuna storage; by default study.db in the run folder")
STUDY = flags.DEFINE_string("study", None, "name of the Optuna study; by default that of the run folder")
JOIN = define_flags()
METRIC = flags.DEFINE_string("metric", None, "what mode adaptive goes by: a column of trials.csv; val_loss by default")


def main(argv: list[str]) -> None:
    """Train every trial of the configuration's search space."""
    start_jax()
    from nnjax.cli import command

    config, workdir = command.require(argv, CONFIG.value, WORKDIR.value)
    module = command.load_config(config)
    distributed = JOIN(workdir)
    command.run(
        command.experiment_of(module),
        command.space_of(module),
        workdir,
        command.title_of(module),
        REPORT.value,
        {"sampler": SAMPLER.value, "storage": STORAGE.value, "study_name": STUDY.value, "metric": METRIC.value},
        CERTIFY.value,
        KEEP.value,
        SANITY.value,
        distributed,
        devices=DEVICES.value,
        batch_devices=BATCH_DEVICES.value,
        lanes=LANES.value,
        order=ORDER.value,
    )


if __name__ == "__main__":
    run(main, config_flags=["config", "space"])
