"""Start a script that kills itself at its n-th call of a function of `os`: `python -m scripts.faults.kill_at FUNCTION N
SCRIPT …`; at no call where N is 0.

The call is made, or is about to be made, as N is odd or even: between two files is where a kill hurts.
"""

import os
import runpy
import signal
import sys
from typing import Any

CALLS = ("replace", "fsync", "unlink", "mkdir")


def arm(name: str, number: int) -> None:
    """Let this process kill itself at its n-th call of a function, half of the times after it."""
    real, count = getattr(os, name), 0

    def call(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == number and number % 2 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(*args, **options)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(os, name, call)


def ignore_step_times() -> None:
    """Let lanes follow the rule alone: by step times measured beside other work two runs may differ in the last bit."""
    import math

    from nnjax.train.layout import planner, step_times

    planner.WATCH_SECONDS = math.inf
    step_times.StepTimes._read = lambda self: {}  # type: ignore[method-assign]


if __name__ == "__main__":
    ignore_step_times()
    arm(sys.argv[1], int(sys.argv[2]))
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
