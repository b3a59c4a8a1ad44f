"""Make the gallery of failure modes: `nnjax gallery [NAME ...] [--out=runs/gallery]`.

Trains every failure mode of the gallery (or those named) on real digits, diagnoses its curves, prints the verdict that
was provoked beside those that were given, and writes OUT/report.html.
"""

from absl import flags

from nnjax.cli.main import start_devices, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("out", "runs/gallery", "folder of the page")


def run(argv: list[str]) -> None:
    """Train, diagnose, write."""
    out = check_out_folder(FLAGS.out)
    start_jax()
    start_devices()
    from nnjax.lectures import gallery

    known = {mode.name: mode for mode in gallery.FAILURE_MODES}
    for name in argv[1:]:
        if name not in known:
            raise UserError(f"There is no mistake {name!r} in the gallery; there are {', '.join(known)}.")
    outcomes = gallery.reproduce([known[name] for name in dict.fromkeys(argv[1:] or known)])
    for one in outcomes:
        mode = one.mode
        seeds = f" ({one.hits} of {mode.seeds} seeds)" if mode.seeds > 1 else ""
        end = seeds if one.hits else f"{seeds} MISSED"
        print(f"{mode.name:18} provoked {mode.code:18} diagnosed {', '.join(one.shown.codes)}{end}")
    rates = None if argv[1:] else gallery.sweep_rates()
    always, never = (
        sum(test(one) for one in outcomes) for test in (lambda one: one.detected, lambda one: not one.hits)
    )
    some = f", {len(outcomes) - always - never} with some" if always + never < len(outcomes) else ""
    print(f"of {len(outcomes)} mistakes {always} were found with every seed{some}, {never} never")
    print(f"report: {gallery.write(outcomes, rates, out)}")
