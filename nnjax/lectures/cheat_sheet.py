"""One page of which loss fits which last activation and size, made by the pre-flight check (lecture slides, 5)."""

from nnjax.checks.finding import Finding
from nnjax.checks.fit import check_fit
from nnjax.checks.rules.rule_input import RuleInput, TargetSummary
from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.nn.losses import LOSSES, loss_of
from nnjax.nn.optimizers import resolve

NAN = float("nan")
OUTPUTS = ("linear", "sigmoid", "tanh", "relu", "softmax")
MARKS = {"": "✓", "warning": "!", "error": "–"}


def _classes(count: int) -> TargetSummary:
    return TargetSummary("classification", count, count, 0.0, 1.0, True, True, 0.0, (100,) * count, 1.0)


def _numbers(task: str, width: int, low: float, high: float, entropy: float = NAN) -> TargetSummary:
    return TargetSummary(task, width, 0, low, high, False, False, entropy, (), 1.0)


TASKS = {
    "two classes": _classes(2),
    "ten classes, one is right": _classes(10),
    "a number of any size": _numbers("regression", 1, -3.0, 3.0),
    "a number from 0 on": _numbers("regression", 1, 0.0, 30.0),
    "an autoencoder, 784 pixels from 0 to 1": _numbers("reconstruction", 784, 0.0, 1.0, 0.06),
}
SHOWN = tuple(name for name, loss in LOSSES.items() if loss.compares != "distances")


def case_of(task: str, loss: str, output: str) -> RuleInput:
    """Make the case that the check judges."""
    kind = "autoencoder" if TASKS[task].task == "reconstruction" else "mlp"
    model = ModelConfig(kind, (32,), "relu", output)
    return RuleInput(resolve(Experiment(model=model, loss=loss)), TASKS[task])


def findings(task: str, loss: str, output: str) -> list[Finding]:
    """Judge one combination: errors and warnings, the most fundamental first."""
    case = case_of(task, loss, output)
    return [one for one in check_fit(case.experiment, case.data) if one.severity != "remark"]


def verdict(task: str, loss: str, output: str) -> str:
    """Name the severity of the first finding; "" for none."""
    found = findings(task, loss, output)
    return found[0].severity if found else ""


def page() -> str:
    """Write the page in Markdown: what fits each task, and why the rest does not."""
    parts = [
        "# Which loss, last activation and size",
        "What the check before training says of each combination, written by the check itself "
        "(`nnjax.lectures.cheat_sheet`). The size is the number of outputs. ✓ fits; ! trains with a warning; – is "
        "refused, with what to do instead.",
    ]
    for task in TASKS:
        width = {output: case_of(task, "mean_squared_error", output).width for output in OUTPUTS}
        sizes = [f"{output} (size {width[output]})" for output in OUTPUTS]
        rows = []
        for loss in SHOWN:
            marks = [MARKS[verdict(task, loss, output)] for output in OUTPUTS]
            rows.append(f"| {loss_of(loss).words or loss.replace('_', ' ')} | {' | '.join(marks)} |")
        parts.append(f"## {task[0].upper()}{task[1:]}\n")
        parts.append("\n".join([f"| | {' | '.join(sizes)} |", "|---" * (len(OUTPUTS) + 1) + "|", *rows]))
    reasons: dict[str, str] = {}
    for task in TASKS:
        for loss in SHOWN:
            for output in OUTPUTS:
                for one in findings(task, loss, output):
                    reasons.setdefault(one.code, f"{one.sentence} {one.remedy}")
    parts.append("## Why\n")
    parts.append("\n".join(f"- **{code}**: {text}" for code, text in sorted(reasons.items())))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"
