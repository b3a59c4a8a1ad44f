"""Disturb real runs at random moments, and show that nothing is lost: `python -m scripts.torture [--workdir=DIR]`.

Sweeps are killed (20 times each), stopped, short of disk, killed process by process and moved to other devices; each is
resumed and has to end bit for bit like one that nothing happened to. So is each of seven variants (groups, halving,
population-based training, Optuna, folds with patience, windows, warm starts) at its n-th replace, fsync, unlink or
mkdir, 12 times. Half an hour on two cores; exit status 1 if any of them does not. `make torture` runs it.
"""

import functools
import pathlib
import random
import signal
import sys
import tempfile
from collections.abc import Callable

from absl import flags

from nnjax.cli.main import refuse_arguments, run

WORKDIR = flags.DEFINE_string("workdir", None, "folder for the runs; a temporary one by default")
TIMES = flags.DEFINE_integer("times", 20, "how often a sweep is killed", lower_bound=1)
CALLS = flags.DEFINE_integer("calls", 12, "how often each variant is killed at the n-th file operation", lower_bound=1)
SEED = flags.DEFINE_integer("seed", 0, "of the moments")


def main(argv: list[str]) -> None:
    """Run all campaigns."""
    refuse_arguments(argv)
    from scripts.faults import variants
    from scripts.faults.campaigns import Campaign, Outcome

    with tempfile.TemporaryDirectory() as temporary:
        campaign = Campaign(pathlib.Path(WORKDIR.value or temporary).absolute(), random.Random(SEED.value))
        few, bad = max(1, TIMES.value // 4), 0
        at_calls = [functools.partial(campaign.killed_at_calls, name, CALLS.value) for name in variants.VARIANTS]
        acts: list[Callable[[], Outcome]] = [
            lambda: campaign.killed("arms", TIMES.value),
            lambda: campaign.killed("halved", TIMES.value),
            lambda: campaign.killed("arms", few, signal.SIGTERM),
            lambda: campaign.killed("arms", few, signal.SIGINT),
            lambda: campaign.full_disk(few),
            lambda: campaign.processes(few, 2),
            lambda: campaign.processes(few, 4),
            campaign.other_devices,
            *at_calls,
        ]
        for act in acts:
            did, failures = act()
            print(f"{'FAILED' if failures else 'ok'}  {did}", flush=True)
            for failure in failures:
                print(f"        {failure}", flush=True)
            bad += bool(failures)
    print(f"{bad} of {len(acts)} campaigns failed" if bad else "nothing was lost")
    sys.exit(bad > 0)


if __name__ == "__main__":
    run(main)
