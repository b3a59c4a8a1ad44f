"""The section on the certificate: what was trained again, whether it matched, and what was not tested."""

from typing import Any

from nnjax.core.text import count
from nnjax.report.context import ReportContext
from nnjax.report.section import Section
from nnjax.verify.certificate import Certificate, TrialCheck


def sentences(certificate: Certificate) -> list[str]:
    """Format the certificate for the terminal."""
    again = ", ".join(str(check.trial) for check in certificate.checks)
    kind = {"passed": "certificate", "failed": "error: certificate", "empty": "warning: certificate"}
    out = [f"{kind[outcome(certificate)]}: {headline(certificate)}" + f" Trials {again}." * bool(again)]
    if certificate.checks:
        out += [f"  {name}: {text}" for name, text in _found(certificate)]
    out += [f"error: {sentence}" for sentence in failures(certificate)]
    return out + [f"  left out: {count(n, 'trial')}, because {reason}." for n, reason in certificate.left_out]


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe the certificate; None if there is none."""
    certificate = report.run.certificate
    if certificate is None:
        return None
    return {
        "outcome": outcome(certificate),
        "headline": headline(certificate),
        "table": table(certificate),
        "failures": failures(certificate),
        "notes": [*_found(certificate), ("not tested", " ".join(_untested(certificate)))],
    }


def outcome(certificate: Certificate) -> str:
    """Name the outcome: "passed", "failed" or "empty"."""
    return "passed" if certificate.passed else "failed" if certificate.failed else "empty"


def headline(certificate: Certificate) -> str:
    """Summarize the outcome in a sentence."""
    again = f"{len(certificate.checks)} of {certificate.finished:,} finished trials trained again"
    if certificate.passed:
        return f"Passed: {again}, with the same outcome."
    if certificate.failed:
        return f"FAILED: {again}, {len(certificate.failed)} of them with another outcome."
    return "Nothing was tested: no finished trial could be trained again by its program."


def table(certificate: Certificate) -> dict[str, Any]:
    """Tabulate the trials that were trained again."""
    among = "(a) in the same program among other trials"
    columns = ["trial", among, "(b) alone, first epoch", "(c) alone, later", "its program"]
    return {"columns": columns, "rows": [_row(certificate, check) for check in certificate.checks]}


def _row(certificate: Certificate, check: TrialCheck) -> tuple[str, ...]:
    exact = f"same bits, {count(check.exact_epochs, 'epoch')}"
    among = exact if check.mismatch is None else f"{number(check.among)} in the first epoch"
    among = among if certificate.holds_among(check) else "NOT the same"
    alone = number(check.alone) + " (TOO MUCH)" * (check.alone > check.tolerance)
    program = f"{check.devices} × {count(check.lanes, 'lane')}" if check.devices > 1 else count(check.lanes, "lane")
    return str(check.trial), among, alone, _later(check), program


def number(value: float) -> str:
    """Write a relative difference with two significant digits."""
    return f"{value:.2g}"


def _later(check: TrialCheck) -> str:
    if not check.drift:
        return "–"
    worst = max(check.drift)
    return f"{number(worst)} (epoch {check.drift.index(worst) + 2} of {check.epochs})" if worst else "0"


def failures(certificate: Certificate) -> list[str]:
    """Describe each trial that did not match."""
    out = []
    for check in certificate.checks:
        if not certificate.holds_among(check):
            out.append(f"Trial {check.trial}, trained again by its program: {_difference(certificate, check)}.")
        if check.alone > check.tolerance:
            out.append(f"Trial {check.trial}, trained alone: {_too_far(check.alone, check.tolerance)}.")
    return out


def _too_far(difference: float, tolerance: float) -> str:
    return f"losses of the first epoch differ by {number(difference)}, but {number(tolerance)} is allowed"


def _difference(certificate: Certificate, check: TrialCheck) -> str:
    found = check.mismatch
    if not certificate.bitwise or found is None:
        return _too_far(check.among, check.tolerance)
    return (
        f"{found.curve} of epoch {found.epoch} was {found.before:.9g} and is now {found.again:.9g}. Either the files "
        "of the run were changed, or its results depend on a trial's lane or neighbors"
    )


def _found(certificate: Certificate) -> list[tuple[str, str]]:
    """Describe the criteria (a), (b) and (c) and the results."""
    if not certificate.checks:
        return []
    checks, tolerance = certificate.checks, max(check.tolerance for check in certificate.checks)
    least, most = min(c.exact_epochs for c in checks), max(c.exact_epochs for c in checks)
    epochs = count(most, "epoch") if least == most else f"{least} to {most} epochs"
    alike = "all curves are the same bit for bit" if all(c.mismatch is None for c in checks) else "curves differ"
    if certificate.bitwise:
        among = f"{alike}, over {epochs}; equal bits were asked for"
        if any(check.places == 1 for check in checks):
            among += ". A program that has one place only was run again as it was"
    else:
        among = _at_most(max(check.among for check in checks), tolerance)
        among += f" Equal bits were not asked for: {certificate.why_not}"
    alone = max(check.alone for check in checks)
    later = max((max(check.drift, default=0.0) for check in checks), default=0.0)
    return [
        ("(a) another lane, other neighbors", f"{among}."),
        ("(b) alone", _at_most(alone, tolerance)),
        (
            "(c) alone, later",
            f"losses differ by {number(later)} at most. This is reported, not asserted: another program may round "
            "the last bit differently, and training at a high rate amplifies that.",
        ),
    ]


def _at_most(worst: float, tolerance: float) -> str:
    return f"losses of the first epoch differ by {number(worst)} at most; {number(tolerance)} is allowed, relative."


def _untested(certificate: Certificate) -> list[str]:
    """List what the certificate does not cover."""
    others = certificate.trials - len(certificate.checks)
    out = [f"The other {count(others, 'trial')} of the run." if others else "All trials were trained again."]
    if any(check.exact_epochs < check.epochs for check in certificate.checks):
        out.append("In (a), epochs after the run had moved a trial to another program.")
    out.append("Epochs later than those named, final weights, other machines.")
    return out + [f"{count(n, 'trial').capitalize()} could not be chosen: {why}." for n, why in certificate.left_out]


SECTION = Section(
    title="Certificate: same results alone and in a population",
    order=140,
    build=build,
    template="""
{% from "macros.html.jinja" import pairs, plain_table %}
<p class="verdict {{ content.outcome }}"><strong>{{ content.headline }}</strong></p>
<p>A sweep trains its trials side by side in one program. To show that this changes nothing, some of them were trained
again afterwards: each by the program that trained it, in another lane among other neighbors, and each alone.</p>
{% if content.table.rows %}
{{ plain_table(content.table, "certificate") }}
{% endif %}
{% for sentence in content.failures %}
<p class="failure">{{ sentence }}</p>
{% endfor %}
{{ pairs(content.notes) }}
""",
    folded=True,
)
