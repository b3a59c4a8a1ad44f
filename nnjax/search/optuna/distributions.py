"""Axes of a search space as Optuna's distributions, and parameters in Optuna's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnjax.core.errors import UserError
from nnjax.spaces.ranges import Axis, Range, is_whole

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution


def parameter(path: str) -> str:
    """Name a field as trials.csv and the dashboard show it."""
    return path.removeprefix("hyperparameters.")


def choice(value: Any) -> Any:
    """Return a value as Optuna stores it among choices: a list as text, "64,32"."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def make_distribution(path: str, values: Axis) -> BaseDistribution:
    """Describe an axis to Optuna."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, Range):
        return CategoricalDistribution([choice(value) for value in values])
    if is_whole(path):
        return IntDistribution(max(round(values.low), int(values.log)), round(values.high), log=values.log)
    return FloatDistribution(float(values.low), float(values.high), log=values.log)


def suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> None:
    """Let the sampler choose a parameter of a trial."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    elif isinstance(distribution, FloatDistribution):
        trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def contains(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a distribution has a value."""
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except (ValueError, TypeError):
        return False


def described(distribution: BaseDistribution) -> str:
    """Describe what values a parameter may have: "8, 16, 32" or "0.001 to 0.1, logarithmic"."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        return ", ".join(map(str, choices))
    shape = vars(distribution)
    return f"{shape['low']:g} to {shape['high']:g}" + ", logarithmic" * shape["log"]


def refuse_other_space(study: optuna.Study, distributions: Mapping[str, BaseDistribution]) -> None:
    """Refuse a study that has trials of another search space."""
    for trial in study.get_trials(deepcopy=False):
        other = [name for name, found in trial.distributions.items() if found != distributions.get(name)]
        missing = sorted(set(distributions) - set(trial.distributions))
        if other:
            now = distributions.get(other[0])
            new = "not asked" if now is None else described(now)
            what = f"{other[0]}: {described(trial.distributions[other[0]])} → {new}"
        elif trial.state.is_finished() and trial.distributions and missing:
            what = f"without {', '.join(missing)}"
        else:
            continue
        raise UserError(
            f"The study {study.study_name!r} was begun with another space ({what}); repeat the command that began it, "
            "or name another study."
        )
