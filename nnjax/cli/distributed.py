"""Distributed runs: join the processes by `jax.distributed`, and end when one of them is gone."""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

from absl import flags

from nnjax.core.errors import UserError

JOIN_SECONDS = 120  # in which all processes have to come
BEAT_SECONDS = 20  # without a sign of life from one, and the others end, should nothing else tell them
LEAVE_SECONDS = 10  # that the last ones wait for each other
GONE = "Another process of this run has ended, or cannot be reached."
LOST = 1  # exit status of a process that another one has left alone
FLAGS = "--distributed, --coordinator, --num_processes and --process_id"


def define_flags() -> None:
    """Define the flags of commands that several processes can run."""
    flags.DEFINE_bool("distributed", False, "be one of the processes that the cluster has started")
    flags.DEFINE_string("coordinator", None, "HOST:PORT of process 0, where no cluster says it")
    flags.DEFINE_integer("num_processes", None, "how many processes train together", lower_bound=1)
    flags.DEFINE_integer("process_id", None, "which of them this is, from 0", lower_bound=0)


def join(workdir: str) -> bool:
    """Make this one of several processes that train together, if the command line says so; before JAX starts.

    The work is done by a child of this process, which watches it: where process 0 is gone, JAX aborts all others.

    Args:
      workdir: the run folder, to be named when that happens.

    Returns:
      Whether there are several.

    Raises:
      UserError: flags that do not belong together, or the others cannot be found.
    """
    distributed, coordinator = flags.FLAGS.distributed, flags.FLAGS.coordinator
    num_processes, process_id = flags.FLAGS.num_processes, flags.FLAGS.process_id
    given = (coordinator, num_processes, process_id)
    if not distributed and all(one is None for one in given):
        return False
    if not distributed and any(one is None for one in given):
        raise UserError(
            "--coordinator=HOST:PORT, --num_processes=N and --process_id=I belong together; in a cluster that knows "
            "them --distributed is enough."
        )
    if coordinator is not None and not coordinator.rpartition(":")[2].isdecimal():
        raise UserError(f"--coordinator={coordinator} has no port; HOST:PORT was expected, such as 10.0.0.1:1234.")
    if num_processes is not None and not 0 <= (process_id or 0) < num_processes:
        raise UserError(f"--process_id={process_id} was expected to be from 0 to {num_processes - 1}.")
    if hasattr(os, "fork"):  # where it is not (Windows), JAX says itself that another process is gone
        _watch_child(workdir)
    import jax

    try:
        jax.distributed.initialize(
            *given,
            initialization_timeout=JOIN_SECONDS,
            heartbeat_timeout_seconds=BEAT_SECONDS,
            shutdown_timeout_seconds=LEAVE_SECONDS,
        )
    except (ValueError, RuntimeError) as error:
        what = str(error).split("\n")[0].rstrip(".")
        raise UserError(
            f"The processes did not find each other ({what}); give --coordinator=HOST:PORT, --num_processes and "
            "--process_id, the same address and number to all."
        ) from None
    return jax.process_count() > 1


@contextlib.contextmanager
def exit_if_process_lost(workdir: str) -> Iterator[None]:
    """End this process with a sentence where another one of the run has ended, or cannot go on.

    At once: what JAX does at the end of a process waits for the others.
    """
    import jax

    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        full = "RESOURCE_EXHAUSTED" in str(error)
        _leave("The memory of a device did not suffice; give fewer --lanes." if full else GONE, workdir)


def _leave(cause: str, workdir: str) -> NoReturn:
    sentence = f"error: {cause} What was complete is saved in {workdir}; start all processes again with the same "
    print(sentence + "commands, and they go on from there.", file=sys.stderr, flush=True)
    os._exit(LOST)


def _watch_child(workdir: str) -> None:
    """Go on as a child process; its parent passes signals and the exit status on, and says what became of it."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(reads)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: os.kill(child, number))
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGTERM, signal.SIGINT):
            os._exit(128 + os.WTERMSIG(status))
        if os.WIFSIGNALED(status):  # by JAX, which aborts, or from outside
            name = signal.Signals(os.WTERMSIG(status)).name
            _leave(GONE if name == "SIGABRT" else f"This process was ended by {name}.", workdir)
        os._exit(os.WEXITSTATUS(status))
    os.setsid()  # or Ctrl-C would reach it twice
    os.close(writes)
    threading.Thread(target=lambda: os.read(reads, 1) or os._exit(LOST), daemon=True).start()  # when the parent is gone
    faulthandler.disable()
