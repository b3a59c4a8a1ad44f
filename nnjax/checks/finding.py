"""The findings of the pre-flight check. No JAX: run folders keep them."""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "remark"]


class Finding(NamedTuple):
    """One judgment of the pre-flight check."""

    code: str  # its short name, such as "kl-output"
    severity: Severity  # "error" stops the run unless allow_mismatch is set; "warning" and "remark" are reported
    sentence: str  # what was found, and why it matters
    remedy: str  # what to do
