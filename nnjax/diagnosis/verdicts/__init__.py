"""The verdicts, one a module: every module of this package defines one record `VERDICT`, and nothing else lists them.

See docs/extending/verdict.md for adding one.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from nnjax.diagnosis.verdict_rule import Badge, VerdictRule


def _records() -> dict[str, VerdictRule]:
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    rules = sorted((module.VERDICT for module in modules), key=lambda rule: (rule.precedence, rule.code))
    return {rule.code: rule for rule in rules}


VERDICTS: Mapping[str, VerdictRule] = MappingProxyType(_records())  # by code, in the order of their precedence
CODES = tuple(VERDICTS)
BADGES: Mapping[str, Badge] = {code: rule.badge for code, rule in VERDICTS.items()}

__all__ = ["BADGES", "CODES", "VERDICTS"]
