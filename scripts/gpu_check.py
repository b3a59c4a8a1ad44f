"""Check a machine with one GPU in at most eight minutes: `python -m scripts.gpu_check --out=runs/gpu_check`.

A few trials of each task against a CPU (in a process of its own, in full float32); the time of a step over lanes, with
a roofline of measured peaks beside it (weights and optimizer state once to and from memory); and the plan's model of
memory against the compiler's count. Writes gpu_check.json and gpu_check.md after each step, so that a run that is ended
leaves what it has. The exit status is 1 where a loss differs by more than a thousandth. Needs `pip install
'nnjax[cuda]'` and no data; on a machine without a GPU it checks the CPU.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError

if TYPE_CHECKING:
    from scripts.gpu_measures import Peaks, Row

TASKS = ["tiny", "autoencoder", "lenet", "search"]
FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags; not on import, as other scripts have some of the same names."""
    flags.DEFINE_list("tasks", TASKS, f"what to run: {', '.join(TASKS)}")
    flags.DEFINE_string("out", "runs/gpu_check", "folder to write into")
    flags.DEFINE_float("seconds", 440.0, "after which no further step is measured", lower_bound=0.0)
    flags.DEFINE_integer("most_lanes", 4096, "the most lanes", lower_bound=1)
    flags.DEFINE_integer("trials", 4, "of each task, for parity", lower_bound=1)
    flags.DEFINE_string("losses", "", "only write the losses of the parity to this file")


LANES = (1, 4, 16, 64, 256, 1024, 4096)
AGREEMENT = 1e-3  # relative, of a validation loss after one epoch


def main(argv: list[str]) -> None:
    """Check, print the table and write both files."""
    unknown = [name for name in FLAGS.tasks if name not in TASKS]
    if unknown:
        raise UserError(f"The task {unknown[0]!r} is unknown; choose from {', '.join(TASKS)}.")
    begin, out = time.perf_counter(), pathlib.Path(FLAGS.out)
    import nnjax
    from nnjax.data import Datasets
    from scripts import gpu_measures as gpu

    nnjax.setup()
    if FLAGS.losses:
        found = gpu.losses(FLAGS.tasks, FLAGS.trials, 1)
        pathlib.Path(FLAGS.losses).write_text(json.dumps(found), "utf-8")
        return
    import jax

    out.mkdir(parents=True, exist_ok=True)
    device = jax.devices()[0]
    peaks = gpu.measure_peaks(1024 if device.platform == "cpu" else 8192)
    differences = parity(gpu.losses(FLAGS.tasks, FLAGS.trials, 1), losses_of_cpu(out))
    rows: list[Row] = []
    left_out: list[str] = []
    datasets = Datasets(None)
    facts = {"device": device.device_kind, "jax": jax.__version__, "parity": differences, **peaks._asdict()}
    write(out, facts, rows, left_out, peaks)
    for name in FLAGS.tasks:
        last = 0.0
        for lanes in (n for n in LANES if n <= FLAGS.most_lanes):
            started = time.perf_counter()
            why = "the time was over" if started - begin + 1.5 * last > FLAGS.seconds else ""
            group = None if why else gpu.group_of(name, lanes, datasets)
            if group is not None and not gpu.fits(group, lanes):
                why = "the device's memory is too small"
            if group is None or why:
                left_out.append(f"{name} from {lanes:,} lanes on: {why}.")
                break
            rows.append(gpu.measure(name, group, lanes))
            last = time.perf_counter() - started
            print(rows[-1], flush=True)
            write(out, facts, rows, left_out, peaks)
    write(out, facts, rows, left_out, peaks)
    print((out / "gpu_check.md").read_text("utf-8"))
    worst = max(differences, key=lambda name: differences[name])
    if not differences[worst] <= AGREEMENT:
        sys.exit(f"A loss of {worst} differs from the CPU's by {differences[worst]:.2g}; {AGREEMENT:g} was expected.")


def losses_of_cpu(out: pathlib.Path) -> dict[str, list[float]]:
    """The losses of the same trials on this machine's CPU."""
    file = out / "losses_cpu.json"
    sizes = [f"--tasks={','.join(FLAGS.tasks)}", f"--trials={FLAGS.trials}", f"--losses={file}"]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.gpu_check", *sizes], env=environment, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"The trials on the CPU failed:\n{done.stderr[-2000:]}")
    return json.loads(file.read_text("utf-8"))


def parity(here: dict[str, list[float]], there: dict[str, list[float]]) -> dict[str, float]:
    """The largest relative difference of losses, by task."""
    return {name: max(abs(a - b) / abs(b) for a, b in zip(own, there[name], strict=True)) for name, own in here.items()}


def write(out: pathlib.Path, facts: dict[str, Any], rows: "list[Row]", left_out: list[str], peaks: "Peaks") -> None:
    """Write what is known so far."""
    measured = [row._asdict() | {"least": row.least(peaks)} for row in rows]
    found = facts | {"rows": measured, "left_out": left_out}
    (out / "gpu_check.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (out / "gpu_check.md").write_text("\n".join(lines(facts, rows, left_out, peaks)) + "\n", "utf-8")


def lines(facts: dict[str, Any], rows: "list[Row]", left_out: list[str], peaks: "Peaks") -> list[str]:
    """The results as Markdown."""
    speeds = f"{peaks.flops / 1e12:.3g} TFLOP/s ({peaks.full / 1e12:.3g} in full float32)"
    out = [f"{facts['device']}, jax {facts['jax']}: products {speeds}, memory {peaks.bandwidth / 1e9:.4g} GB/s.", ""]
    out += ["| task | largest relative difference of a validation loss from the CPU's |", "|---|---|"]
    out += [f"| {name} | {value:.1e} |" for name, value in facts["parity"].items()]
    heads = ["task", "lanes", "a step, ms", "µs a step and trial", "TFLOP/s", "of the roofline", "with compiling, s"]
    heads += ["memory by the model, MB", "by the compiler, MB", "the most so far, MB"]
    out += ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        each, rate = 1e6 * row.seconds / row.lanes, row.flops / row.seconds / 1e12
        memory = " | ".join(f"{size / 1e6:.1f}" for size in (row.estimated, row.counted, row.peak))
        share = f"{row.least(peaks) / row.seconds:.1%} | {row.compiling:.1f} | {memory}"
        out.append(f"| {row.task} | {row.lanes:,} | {1e3 * row.seconds:.3f} | {each:.2f} | {rate:.3g} | {share} |")
    return [*out, "", *(f"Left out: {sentence}" for sentence in left_out)]


if __name__ == "__main__":
    define_flags()
    run(main)
