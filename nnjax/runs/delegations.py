"""Look up the conveniences of `Run` that later packages provide, when they are called."""

import importlib
from typing import Any

ABOVE = {  # the only arrows that point up (.importlinter)
    "certify": "nnjax.verify.certify:certify",
    "check_export": "nnjax.exchange.files:check_path",
    "codes": "nnjax.exchange.network:codes",
    "diagnose_trials": "nnjax.diagnosis.trials:diagnose_trials",
    "export": "nnjax.exchange.files:save",
    "network": "nnjax.exchange.network:Network",
    "note_verdicts": "nnjax.diagnosis.trials:note_verdicts",
    "outputs": "nnjax.exchange.network:outputs",
    "plot_curves": "nnjax.report.charts.curve_figure:plot_curves",
    "read_certificate": "nnjax.verify.certificate:read",
    "read_sanity": "nnjax.verify.sanity.results:read",
    "write_report": "nnjax.report.page:write_report",
}


def above(name: str) -> Any:
    """Import one of them."""
    module, _, attribute = ABOVE[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
