"""Make the gallery of horrors: `python scripts/gallery.py [MISTAKE ...] [--out=runs/gallery]`.

Trains every mistake of the gallery (or those named) on real digits, diagnoses its curves, prints what was provoked
beside what was found, and writes OUT/report.html.
"""

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError

OUT = flags.DEFINE_string("out", "runs/gallery", "folder of the page")


def main(argv: list[str]) -> None:
    """Provoke, diagnose, write."""
    start_jax()
    from nnjax.lectures import gallery

    known = {horror.name: horror for horror in gallery.HORRORS}
    for name in argv[1:]:
        if name not in known:
            raise UserError(f"There is no mistake {name!r} in the gallery; there are {', '.join(known)}.")
    chosen = [known[name] for name in dict.fromkeys(argv[1:] or known)]
    found = gallery.provoke(chosen)
    for one in found:
        seeds = f" ({one.hits} of {one.seeds} seeds)" if one.seeds > 1 else ""
        end = seeds if one.found else f"{seeds} MISSED"
        print(f"{one.horror.name:18} provoked {one.horror.code:18} diagnosed {', '.join(one.codes)}{end}")
    rates = None if argv[1:] else gallery.sweep_rates()
    print(f"{sum(one.found for one in found)} of {len(found)} mistakes were found out")
    print(f"report: {gallery.write(found, rates, OUT.value)}")


if __name__ == "__main__":
    run(main)
