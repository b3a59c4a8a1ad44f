"""What scripts/tune_lr.py does: refuse mistakes, train with a live display, print what was found, write the page."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from nnjax.cli import main
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import coerce


def usual_workdir(config: str | None) -> str:
    """Name the folder for the results of a configuration."""
    return str(pathlib.Path("runs/tune_lr") / pathlib.Path(config or "").stem)


def run(
    experiment: Experiment,
    workdir: str,
    name: str,
    optimizers: Sequence[str] | None = None,
    ends: tuple[float | None, float | None] = (None, None),
    batch_sizes: Sequence[str] | None = None,
    devices: int | None = None,
) -> None:
    """Search the rate of each optimizer, or train a grid of rates and batch sizes, and write what was found.

    Args:
      experiment: the base.
      workdir: folder to write into.
      name: of the experiment, for the title.
      optimizers: by name; None for the experiment's own.
      ends: of the range; None for the usual ones.
      batch_sizes: as text; None for the search.
      devices: how many to use; None for all.

    Raises:
      UserError: what the user can mend.
      Interrupted: a signal came; nothing was written.
    """
    from nnjax.report.learning_rate import page as rate_page
    from nnjax.report.learning_rate import phase_diagram, rates

    sizes = None if batch_sizes is None else _sizes(batch_sizes)
    rate_page.refuse_unfit(workdir)
    names = [experiment.optimizer.name] if optimizers is None else list(dict.fromkeys(optimizers))
    from nnjax.cli.progress import Display, print_message
    from nnjax.nn.optimizers import OPTIMIZERS
    from nnjax.search.learning_rate import ranges as rate_ranges
    from nnjax.search.learning_rate import tune
    from nnjax.train.host.population import Stopped
    from nnjax.train.layout.plan import Plan

    if not names:
        raise UserError(f"No optimizer is named; choose some of {', '.join(OPTIMIZERS)}.")
    choose = rate_ranges.rate_range if sizes is None else rate_ranges.phase_range
    ranges = {name: choose(name, *ends) for name in names}
    main.catch_signals()
    try:
        with Display() as display:
            layout = tune.Layout(display, print_message, main.stop_requested, Plan(devices=devices))
            if sizes is None:
                page = rates.rates_page(experiment, tune.tune(experiment, ranges, layout))
            else:
                page = phase_diagram.phase_page(experiment, tune.cross(experiment, ranges, sizes, layout))
    except Stopped:
        raise main.Interrupted("Stopped; nothing was written, and the same command begins again.") from None
    for sentence in page.sentences:
        print(sentence)
    for sentence in page.warnings:
        print_message(f"warning: {sentence}")
    print(f"report: {rate_page.write(page, workdir, f'The learning rate of {name}')}")


def _sizes(texts: Sequence[str]) -> list[int]:
    """Read batch sizes, in ascending order, each once.

    Raises:
      UserError: there is none, or one is no whole number above 0.
    """
    sizes = sorted({coerce(text, int, "batch_sizes") for text in texts})
    if not sizes or sizes[0] < 1:
        raise UserError(
            f"The batch sizes are {', '.join(texts) or 'missing'}, but whole numbers above 0 were expected."
        )
    return sizes
