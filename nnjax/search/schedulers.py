"""Make the scheduler of a search space: halving, population-based training, one of the user's, or none.

For population-based training: which trials compete and what can change; what cannot work is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnjax.checks.invalid_values import validate
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, Replicate, TrialSpec, replicate_of
from nnjax.core.fields import replace, resolve_path
from nnjax.core.messages import remedy
from nnjax.models.envelope import may_share, shared_part
from nnjax.nn.metrics import Directions, directions_of
from nnjax.search.halving import HalvingScheduler, make_brackets, require_alike
from nnjax.search.pbt import Axis, PopulationBasedTraining, Subpopulation, axis_ends, replaced_count
from nnjax.search.user_scheduler import make_own
from nnjax.spaces.ranges import Range, typed
from nnjax.spaces.space import Evolution, Space
from nnjax.train.scheduler import Scheduler

PREFIX = "hyperparameters."
# Hyperparameters that change nothing after the first step, or end a trial.
FIXED = ("init_scale", "patience", "min_delta")


def make_scheduler(space: Space, specs: Sequence[TrialSpec], merge: bool = True) -> Scheduler | None:
    """Make the scheduler of a space for its trials; None where it has none.

    Args:
      space, specs: of the run.
      merge: whether networks of different architectures may share a program, and replace each other.

    Raises:
      UserError: see `halving.make_brackets` and `make_pbt`.
    """
    if space.scheduler is not None:
        return make_own(space.scheduler, specs)
    if space.halving is not None:
        return HalvingScheduler(space.halving, make_brackets(space.halving, specs), _directions(specs))
    return None if space.evolution is None else make_pbt(space, specs, merge)


def make_pbt(space: Space, specs: Sequence[TrialSpec], merge: bool = True) -> PopulationBasedTraining:
    """Make population-based training for the trials of a space with an evolution; arguments as for `make_scheduler`.

    Raises:
      UserError: trials of unequal length, that start from others or stop early, no rung before their end, nothing that
        could change, an end of a range that no experiment can have, or too few settings for the share.
    """
    evolution = space.evolution or Evolution()
    axes = _axes(space)
    pbt = PopulationBasedTraining(
        evolution,
        space.draw_seed,
        specs[0].experiment.epochs,
        axes,
        tuple(_subpopulations(specs, axes, merge)),
        _directions(specs),
    )
    require_alike(specs, "Evolution", "replaces")
    if any(spec.experiment.hyperparameters.patience is not None for spec in specs):
        raise UserError(
            "Evolution replaces trials that do badly, but patience would stop them before: leave one of them out."
        )
    _refuse_unfit_evolution(pbt)
    _refuse_impossible_ends(pbt)
    return pbt


def _directions(specs: Sequence[TrialSpec]) -> Directions:
    return directions_of(metric for spec in specs for metric in spec.experiment.metrics or ())


def _axes(space: Space) -> dict[str, Axis]:
    """Return the swept hyperparameters that may change while training, typed."""
    out: dict[str, Axis] = {}
    for name, values in space.axes.items():
        path = resolve_path(name)
        short = path.removeprefix(PREFIX)
        if path.startswith(PREFIX) and short not in FIXED:
            axis = typed(path, values)
            numbers = axis if isinstance(axis, Range) else tuple(dict.fromkeys(v for v in axis if v is not None))
            if isinstance(numbers, Range) or len(numbers) > 1:
                out[short] = numbers
    for other in space.times:
        out |= _axes(other)
    return out


def _subpopulations(specs: Sequence[TrialSpec], axes: Mapping[str, Axis], merge: bool) -> Iterator[Subpopulation]:
    """Collect settings whose trials may replace each other."""
    settings: dict[tuple[str, Experiment], dict[Replicate, int]] = {}
    for spec in specs:
        settings.setdefault((spec.arm, spec.experiment.setting_key), {})[replicate_of(spec.experiment)] = spec.id
    alike: dict[Any, list[tuple[str, Experiment]]] = {}
    for (arm, experiment), trials in settings.items():
        static = experiment.program_key
        static = shared_part(static) if merge and may_share(static) else static
        alike.setdefault((arm, static, frozenset(trials)), []).append((arm, experiment))
    for keys in alike.values():
        present = [experiment.hyperparameters.present() for _, experiment in keys]
        values = tuple({name: float(p[name]) for name in axes if name in p} for p in present)
        yield Subpopulation(tuple(settings[key] for key in keys), values, tuple(one for _, one in keys))


def _refuse_unfit_evolution(pbt: PopulationBasedTraining) -> None:
    """Refuse a rhythm or share of replacement that the trials cannot have."""
    evolution, smallest = pbt.evolution, min(len(some.settings) for some in pbt.subpopulations)
    if pbt.draw_seed < 0:
        raise UserError(f"Evolution has draw_seed={pbt.draw_seed}, but at least 0 was expected.")
    if evolution.every >= pbt.epochs:
        raise UserError(
            f"Evolution decides every {evolution.every} epochs, but the trials have {pbt.epochs}, which leaves no "
            "rung before their end: take a smaller every, or more epochs."
        )
    if not pbt.axes:
        raise UserError(
            "Evolution has nothing to change while trials train, as no axis of the search space is a number that can "
            "change then (init_scale, patience and min_delta cannot): give it one, such as "
            + remedy("'learning_rate': nnjax.Range(1e-4, 1e-1, log=True)", "--space.learning_rate=log:1e-4:1e-1")
            + "."
        )
    if not replaced_count(evolution.share, smallest):
        raise UserError(
            f"Evolution replaces a share of {evolution.share:g} of each group of compatible settings, but "
            f"the smallest group has {smallest}, so none would be replaced: take more settings, or a larger "
            "share (at most 0.5)."
        )


def _refuse_impossible_ends(pbt: PopulationBasedTraining) -> None:
    for some in pbt.subpopulations:
        firsts = {one.program_key: (one, values) for one, values in zip(some.experiments, some.values, strict=True)}
        for experiment, values in firsts.values():
            for name, end in [(own, end) for own in values for end in axis_ends(pbt.axes[own])]:
                try:
                    validate(replace(experiment, {PREFIX + name: end}))
                except UserError as error:
                    raise UserError(f"Evolution may bring {name} to the end of its axis: {error}") from None
