"""The section on verdicts: counts, and a sentence for each network."""

from typing import Any

from nnjax.diagnosis import trials
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.report.trial_verdicts import code_of, marks_data, verdict_counts
from nnjax.report.verdict_details import verdicts
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting

MAX_NETWORKS = 30  # networks with a sentence of their own; the others' verdicts are in the table of trials
MAX_DRAWN = 12  # of them, whose evidence can be drawn on the chart of learning curves


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe the verdicts of a run; None where no trial has one, and for a sweep, which shows them itself.

    Returns:
      counts: as `verdict_counts` gives them.
      networks: of each network, see `_describe`.
      left_out: networks without a sentence.
    """
    run, counts = report.run, verdict_counts(report.run)
    if not counts or report.sweep:
        return None
    chosen = [setting for setting in report.settings if trial_of(run, setting) is not None]
    networks = [_describe(run, setting) for setting in chosen[:MAX_NETWORKS]]
    return {"counts": counts, "networks": networks, "left_out": max(0, len(chosen) - MAX_NETWORKS)}


def trial_of(run: Run, setting: Setting) -> int | None:
    """Choose the trial that represents a setting: the first with the setting's most frequent verdict; None without."""
    own = trials.counts([run.diagnoses[trial] for trial in setting.trials])
    return next((t for t in setting.trials if own and code_of(run, t) == own[0][0]), None)


def _describe(run: Run, setting: Setting) -> dict[str, Any]:
    """Describe a network: its label, (code, trials) pairs, which trial represents it, and its verdicts."""
    trial = trial_of(run, setting)
    assert trial is not None
    diagnosis = run.diagnoses[trial]
    assert diagnosis is not None
    return {
        "label": setting.label,
        "counts": trials.counts([run.diagnoses[i] for i in setting.trials]),
        "trial": trial,
        "many": len(setting.trials) > 1,
        **verdicts(diagnosis),
    }


def drawn(report: ReportContext) -> list[dict[str, Any]]:
    """Collect the evidence that the chart of learning curves draws; empty where there are many networks."""
    run, some = report.run, report.settings
    if len(some) > MAX_DRAWN:
        return []
    return [
        {
            "label": setting.label,
            "quantity": setting.experiment.loss,
            "trial": trial,
            "code": code_of(run, trial),
            "marks": marks_data(run, trial, others=True),
        }
        for setting in some
        if (trial := trial_of(run, setting)) is not None
    ]


SECTION = Section(title="What the curves say", order=30, build=build, template="diagnoses.html.jinja")
