"""Find the learning rate: `nnjax tune-lr --config=NAME [--workdir=DIR] [--optimizers=sgd,adam]`.

Searches 64 rates with 3 seeds for each optimizer (by default the configuration's own), in at most 12 trainings, and
draws the loss against the rate: too low, good, high, too high. --low and --high set the ends of the range; --config.F=V
sets a field. With --batch_sizes=16,32,64 a grid of 12 rates and these batch sizes is trained instead, once each, and
drawn as a phase diagram colored by verdict. Writes report.html, figures/, tune_lr.csv and tune_lr.json.
"""

import pathlib
from collections.abc import Sequence

from absl import flags

from nnjax.cli import config, main
from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError

FLAGS = flags.FLAGS
OVERRIDES = ("config",)


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("config", None, "configuration: a shipped one by name (learning_rate), or a Python file")
    flags.DEFINE_string("workdir", None, "folder to write into; by default runs/tune_lr/NAME")
    flags.DEFINE_list("optimizers", None, "whose rates are searched; by default the configuration's own")
    flags.DEFINE_float("low", None, "the lowest rate; by default a ten-thousandth of the usual one")
    flags.DEFINE_float("high", None, "the highest rate; by default ten thousand times the usual one")
    flags.DEFINE_list("batch_sizes", None, "train a grid of rates and these batch sizes instead")
    flags.DEFINE_string("title", None, "of the report")
    flags.DEFINE_integer("devices", None, "how many devices to use; all by default", lower_bound=1)


def run(argv: list[str]) -> None:
    """Search the rate of each optimizer, or train a grid of rates and batch sizes, and write what was found.

    Raises:
      UserError: what the user can mend.
      Interrupted: a signal came; nothing was written.
    """
    main.start_jax()
    name = pathlib.Path(FLAGS.config or "").stem
    path, workdir = config.require(argv, FLAGS.config, FLAGS.workdir or f"runs/tune_lr/{name}")
    experiment = config.experiment_of(config.load_config(path))
    from nnjax.report.learning_rate import page as rate_page
    from nnjax.report.learning_rate import phase_diagram, rates

    sizes = None if FLAGS.batch_sizes is None else _sizes(FLAGS.batch_sizes)
    rate_page.refuse_unfit(workdir)
    names = [experiment.optimizer.name] if FLAGS.optimizers is None else list(dict.fromkeys(FLAGS.optimizers))
    from nnjax.cli.printing import print_message
    from nnjax.nn.optimizers import OPTIMIZERS
    from nnjax.search.learning_rate import tune
    from nnjax.search.options import Options
    from nnjax.train.display import Display
    from nnjax.train.host.population import Stopped
    from nnjax.train.layout.plan import Plan

    if not names:
        raise UserError(f"No optimizer is named; choose some of {', '.join(OPTIMIZERS)}.")
    choose = tune.rate_range if sizes is None else tune.phase_range
    ranges = {optimizer: choose(optimizer, FLAGS.low, FLAGS.high) for optimizer in names}
    main.catch_signals()
    try:
        with Display() as display:
            options = Options(
                plan=Plan(devices=FLAGS.devices), observe=display, log=print_message, should_stop=main.stop_requested
            )
            if sizes is None:
                page = rates.rates_page(experiment, tune.tune(experiment, ranges, options))
            else:
                page = phase_diagram.phase_page(experiment, tune.train_grid(experiment, ranges, sizes, options))
    except Stopped:
        raise main.Interrupted("Stopped; nothing was written, and the same command begins again.") from None
    for sentence in page.sentences:
        print(sentence)
    for sentence in page.warnings:
        print_message(f"warning: {sentence}")
    print(f"report: {rate_page.write(page, workdir, FLAGS.title or f'The learning rate of {name}')}")


def _sizes(texts: Sequence[str]) -> list[int]:
    """Read batch sizes, in ascending order, each once."""
    sizes = sorted({coerce(text, int, "batch_sizes") for text in texts})
    if not sizes or sizes[0] < 1:
        found = ", ".join(texts) or "missing"
        raise UserError(f"The batch sizes are {found}, but whole numbers above 0 were expected.")
    return sizes
