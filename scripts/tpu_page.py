"""docs/tpu.md: what a population needs of TPU slices, and what they could do at best, as Markdown."""

from collections.abc import Callable, Mapping, Sequence

from nnjax.train.layout.memory_limits import size_text
from scripts.tpu_slices import Account, Chip, Cost

TITLE = "# A population on TPU slices"
INTRODUCTION = """Written by `make tpu-check` ({versions}) on a machine without a TPU:
libtpu compiles the program for the slice, and nothing is run. Figures are of one device. 256 trials of
`configs/deck_autoencoders.py` (784-128-64-128-784, mean squared error, Adadelta, batches of 100; 64 settings × 4 seeds,
the lanes of a device share their batches), which train 20 epochs on 60,000 images of 28 × 28 pixels."""

NOTES = """How to read it:

- **Memory** is of the training program (`train_segment`) on each device: its arguments (the data and the state of all
  lanes), results, which mostly take the arguments' place, and temporaries. The plan's model
  (`nnjax/train/layout/memory_estimate.py`) knows only shapes, the tiles of 8 × 128 to which a TPU pads arrays, that the
  images are laid out again for gathering, that gradients are used up where they arise, and that some 64 MiB of
  temporaries find place beside the compute units. It is asked to agree within 25 %.
- **FLOPs and bytes** are the compiler's. Its analysis of a program counts the body of a loop once, however often the
  loop runs, and whatever is laid out anew before and after it; so programs of one and of two steps are compiled, and
  what the second step adds is counted as often as an epoch has steps; batches of an evaluation likewise. What happens
  once in an epoch (drawing the order of the examples, keeping the best weights) is left out.
- **Roofline**: the longer of FLOPs over 197 TFLOP/s and bytes over 819 GB/s, a v5e chip's published peaks. The
  arithmetic peak is that of bfloat16: JAX multiplies float32 matrices on a TPU in one pass of bfloat16 unless
  `jax_default_matmul_precision` asks for more ("float32" takes six). All bytes are taken to come from the chip's main
  memory, though some stay beside the compute units. Products of 100 rows and 64 columns do not fill a matrix unit of
  128 × 128, so the arithmetic, which is not the bound here, is flattered.
- **Trials a second** is an upper bound that follows from it, for trials trained from start to end; no TPU has
  confirmed it. Starting, compiling and writing files come on top."""


def page(accounts: Mapping[str, Account], chip: Chip, epochs: int, versions: Mapping[str, str]) -> str:
    """Write the page.

    Args:
      accounts: by slice.
      chip: what the slices are made of.
      epochs: of a trial.
      versions: of the packages that compiled.
    """
    introduction = INTRODUCTION.format(versions=", ".join(" ".join(item) for item in versions.items()))
    return "\n\n".join([TITLE, introduction, table(accounts, chip, epochs), NOTES]) + "\n"


def table(accounts: Mapping[str, Account], chip: Chip, epochs: int) -> str:
    """Write a table with a column a slice."""
    rows: list[tuple[str, Callable[[Account], str]]] = [
        ("devices × lanes", lambda a: f"{a.devices} × {a.lanes}"),
        ("arguments a device", lambda a: size_text(a.memory.arguments)),
        ("results that are not arguments", lambda a: size_text(a.memory.results)),
        ("temporaries", lambda a: size_text(a.memory.temporaries)),
        ("memory in all, the compiler's count", lambda a: size_text(a.memory.total)),
        ("memory in all, the plan's model", lambda a: size_text(a.estimated)),
        ("model over compiler", lambda a: f"{a.estimated / a.memory.total:.2f}"),
        (f"of the {size_text(chip.memory)} of a chip", lambda a: f"{a.memory.total / chip.memory:.1%}"),
        *_cost_rows("step of all lanes", chip, lambda a: a.step),
        *_cost_rows("batch of an evaluation", chip, lambda a: a.evaluation),
        ("steps + batches evaluated, an epoch", lambda a: f"{a.steps} + {a.evaluations}"),
        ("steps a second, all trials, at most", lambda a: f"{a.devices * a.lanes / a.step.seconds(chip):,.0f}"),
        ("trials a second, at most", lambda a: f"{trials_per_second(a, chip, epochs):.3g}"),
    ]
    lines = [["", *accounts], ["---"] * (1 + len(accounts))]
    lines += [[name, *(value(a) for a in accounts.values())] for name, value in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def trials_per_second(account: Account, chip: Chip, epochs: int) -> float:
    """Estimate the trials of so many epochs that a slice can train in a second at best."""
    return account.devices * account.lanes / (epochs * account.epoch_seconds(chip))


def _cost_rows(
    what: str, chip: Chip, cost: Callable[[Account], Cost]
) -> Sequence[tuple[str, Callable[[Account], str]]]:
    return [
        (f"{what}: GFLOP", lambda a: f"{cost(a).flops / 1e9:.3g}"),
        (f"{what}: bytes read and written", lambda a: size_text(cost(a).bytes)),
        (f"{what}: roofline", lambda a: f"{1e6 * cost(a).seconds(chip):,.0f} µs, {cost(a).bound(chip)}"),
    ]
