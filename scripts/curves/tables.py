"""The accuracy of the diagnosis as Markdown tables."""

import math
from collections import Counter
from collections.abc import Sequence

from nnjax.diagnosis.verdicts import CODES
from scripts.curves.scoring import Score, calibration_error, is_healthy, wilson


def summary(scores: Sequence[Score]) -> str:
    """List, by label, how often the primary verdict was accepted, and how often it was the label itself."""
    lines = ["| label | curves | accepted | 95 % interval | the label itself |", "|---|---|---|---|---|"]
    for code in CODES:
        own = [score for score in scores if score.one.label == code]
        if own:
            lines.append(_row(code, own))
    return "\n".join([*lines, _row("all", list(scores))])


def _row(name: str, scores: Sequence[Score]) -> str:
    n, hits = len(scores), sum(score.accepted for score in scores)
    exact = sum(score.found.primary.code == score.one.label for score in scores)
    low, high = wilson(hits, n)
    return f"| {name} | {n} | {100 * hits / n:.1f} % | {100 * low:.1f}–{100 * high:.1f} % | {100 * exact / n:.1f} % |"


def false_alarms(scores: Sequence[Score]) -> str:
    """Say how many healthy curves were called something else."""
    healthy = [score for score in scores if is_healthy(score.one)]
    wrong = sum(score.false_alarm for score in healthy)
    low, high = wilson(wrong, len(healthy))
    share = 100 * wrong / max(len(healthy), 1)
    return (
        f"False alarms: {wrong} of {len(healthy)} healthy curves, {share:.1f} % ({100 * low:.1f}–{100 * high:.1f} %)."
    )


def calibration(scores: Sequence[Score]) -> str:
    """Say how far confidence is from the share accepted, and whether forecasts came true where runs went on."""
    lines = [f"Expected calibration error: {calibration_error(scores):.3f}."]
    known = [score for score in scores if math.isfinite(score.one.gain)]
    for codes, least, words in (
        ({"still_learning"}, 0.01, "still_learning, of which gained 1 % or more"),
        ({"converged", "stopped_too_late"}, 0.02, "converged or stopped_too_late, of which gained more than 2 %"),
    ):
        own = [score.one.gain >= least for score in known if score.found.primary.code in codes]
        if own:
            lines.append(f"{len(own)} called {words}: {sum(own)}.")
    return " ".join(lines)


def confusion(scores: Sequence[Score]) -> str:
    """Count the primary verdicts (columns, numbered as the rows) by label; those accepted are in bold."""
    numbers = {code: str(i) for i, code in enumerate(CODES, 1)}
    counts = Counter((score.one.label, score.found.primary.code, score.accepted) for score in scores)
    lines = ["| label | " + " | ".join(numbers.values()) + " |", "|---" * (len(CODES) + 1) + "|"]
    for code in CODES:
        cells = [_cell(counts[code, found, True], counts[code, found, False]) for found in CODES]
        lines.append(f"| {numbers[code]} {code} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(accepted: int, wrong: int) -> str:
    return " ".join([f"**{accepted}**"] * bool(accepted) + [str(wrong)] * bool(wrong))


def causes(scores: Sequence[Score]) -> str:
    """Count which cause was named for a validation loss below train, by the cause that was made."""
    counts: Counter[tuple[str, str]] = Counter()
    for score in scores:
        for verdict in (score.found.primary, *score.found.others):
            if score.one.cause and verdict.code == "val_below_train":
                parts = {name: share for name, share in verdict.evidence.items() if name != "gap"}
                counts[score.one.cause, max(parts, key=lambda name: parts[name])] += 1
    lines = ["| made by | named | curves |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {made} | {named} | {n} |" for (made, named), n in sorted(counts.items()))])
