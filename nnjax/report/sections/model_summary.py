"""The section on what was learned and what was chosen: parameters layer by layer, and hyperparameters."""

from collections.abc import Sequence
from typing import Any

from nnjax.core.text import show
from nnjax.models.summary import summarize_model
from nnjax.report.section import Section
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, layers


def summary_of(run: Run, setting: Setting) -> Any:
    """Summarize the model of a setting."""
    return summarize_model(setting.experiment, setting.facts.example_shape, run.num_outputs(setting.trials[0]))


def summaries(run: Run, some: Sequence[Setting]) -> list[dict[str, Any]]:
    """Count the parameters of each architecture, layer by layer, and list the hyperparameters of those who share it."""
    groups: dict[tuple[str, str], list[Setting]] = {}
    for setting in some:
        kind = str(setting.experiment.model.kind)  # in full: two models may have one short name
        groups.setdefault((kind, layers(setting.experiment, setting.facts)), []).append(setting)
    out = []
    for (_, widths), own in groups.items():
        counted = [summary_of(run, setting) for setting in own]
        first = counted[0]
        out.append(
            {
                "names": [setting.label for setting in own],
                "layers": widths,
                "parameters": first.parameters,
                "parts": [_bracketed(layer.formula()) for layer in first.layers if layer.weights],
                "operations": first.operations(),
                "architecture": _merged([c.architecture for c in counted]),
                "training": _merged([c.training for c in counted]),
            }
        )
    return out


def _bracketed(formula: str) -> str:
    return f"({formula})" if " " in formula else formula


def _merged(lists: Sequence[dict[str, object]]) -> list[tuple[str, str]]:
    """List names with their values, several with a stroke between them."""
    names = dict.fromkeys(name for one in lists for name in one)
    return [(n, " / ".join(dict.fromkeys(show(one[n]) for one in lists if n in one))) for n in names]


SECTION = Section(
    title="What was learned, and what was chosen",
    order=160,
    build=lambda report: summaries(report.run, list(report.shown)),
    template="model_summary.html.jinja",
    folded=True,
)
