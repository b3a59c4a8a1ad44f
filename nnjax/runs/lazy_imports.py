"""Import, on first use, the functions of higher packages that `Run` exposes."""

import importlib
from typing import Any

FUNCTIONS = {  # the only arrows that point up (.importlinter)
    "find_temperature": "nnjax.exchange.temperature:find_temperature",
    "interpret": "nnjax.exchange.predictions:interpret",
    "certify": "nnjax.verify.certify:certify",
    "check_export": "nnjax.exchange.files:check_path",
    "chosen_scores": "nnjax.report.chosen_scores:chosen_scores",
    "codes": "nnjax.exchange.network:codes",
    "diagnose_trials": "nnjax.diagnosis.trials:diagnose_trials",
    "export": "nnjax.exchange.files:save",
    "dense_to_keras": "nnjax.exchange.keras_model:to_keras",
    "keep_epochs": "nnjax.verify.epoch_weights:keep_epochs",
    "make_ensemble": "nnjax.exchange.ensemble.choose:make_ensemble",
    "network": "nnjax.exchange.network:Network",
    "note_verdicts": "nnjax.diagnosis.trials:note_verdicts",
    "outputs": "nnjax.exchange.network:outputs",
    "plot_curves": "nnjax.report.charts.curve_figure:plot_curves",
    "predict_intervals": "nnjax.exchange.intervals:predict_intervals",
    "probabilities": "nnjax.exchange.predictions:require_probabilities",
    "read_certificate": "nnjax.verify.certificate:read",
    "refit": "nnjax.api:refit",
    "read_sanity": "nnjax.verify.sanity.results:read",
    "run_card": "nnjax.report.notebook_card:run_card",
    "write_comparison": "nnjax.report.comparison.page:write_comparison",
    "write_study": "nnjax.search.optuna.finished_run:write_study",
    "write_report": "nnjax.report.page:write_report",
}


def lazy_import(name: str) -> Any:
    """Import a function of a higher package by its name in `FUNCTIONS`."""
    module, _, attribute = FUNCTIONS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
