"""Set JAX up where training begins in Python, also where a program has told it to stop at a NaN or at a copy."""

import contextlib
import functools
import os
import pathlib
import warnings
from collections.abc import Iterator

import jax

from nnjax.core import messages
from nnjax.core.compile_cache import remove_damaged
from nnjax.core.errors import UserError
from nnjax.core.jax_environment import GUARDS, reason, start_errors
from nnjax.core.jax_setup import backend_runs, cache_folder, configure, devices_are_chosen, num_cores

KINDS = ("", "_host_to_device", "_device_to_device", "_device_to_host")  # of transfer guards


def setup() -> None:
    """Set JAX up as training wants it: on CPU one device per core, and the persistent cache of compiled programs.

    Training does so itself, unless JAX runs already: call this before anything else uses JAX. What the environment
    (JAX_NUM_CPU_DEVICES, XLA_FLAGS, JAX_COMPILATION_CACHE_DIR) or `jax.config` says is kept.
    """
    configure()
    if backend_runs() and not devices_are_chosen() and jax.default_backend() == "cpu" and jax.device_count() == 1:
        _say_unused(num_cores())


@functools.cache  # once a process
def _say_unused(cores: int) -> None:
    if cores > 1:
        messages.send(
            f"remark: JAX was running with one CPU device before nnjax could set it up, so that {cores - 1} of {cores} "
            "cores are left unused: call nnjax.setup() before anything else uses JAX."
        )


@functools.cache  # which a fork inherits
def _first_process() -> int:
    return os.getpid()


def refuse_fork() -> None:
    """Refuse a copy of a process that JAX ran in: its threads are not in the copy, which would wait for ever.

    Raises:
      UserError: this process is one.
    """
    if _first_process() != os.getpid():
        raise UserError(
            "This process is a fork of one in which JAX was running, and JAX cannot go on in it: start processes by "
            "'spawn', as joblib's backend 'loky' does, or use threads."
        )


@contextlib.contextmanager
def started() -> Iterator[None]:
    """Set JAX up, and report what keeps it from starting; let NaN, infinities, copies and `jit` pass everywhere.

    Raises:
      UserError: JAX cannot start as the environment asks, or not in a fork.
    """
    refuse_fork()
    with start_errors(), contextlib.ExitStack() as stack:
        setup()
        stack.callback(setattr, warnings, "showwarning", warnings.showwarning)
        remove_damaged(cache_folder() or pathlib.Path(), lambda sentence: messages.send(f"remark: {sentence}"))
        if getattr(jax.config, "jax_debug_nans", False):
            stack.enter_context(jax.debug_nans(False))
            _warn("jax_debug_nans")
        if getattr(jax.config, "jax_debug_infs", False):
            jax.config.update("jax_debug_infs", False)
            stack.callback(jax.config.update, "jax_debug_infs", True)
            _warn("jax_debug_infs")
        if getattr(jax.config, "jax_disable_jit", False):
            stack.enter_context(jax.disable_jit(False))
            _warn("jax_disable_jit")
        if any("disallow" in str(getattr(jax.config, f"{GUARDS.lower()}{kind}")) for kind in KINDS):
            stack.enter_context(jax.transfer_guard("allow"))
            _warn(GUARDS.lower())
        yield


def _warn(name: str) -> None:
    """Warn whoever called the function that is decorated by `started`."""
    warnings.warn(f"{name} is turned off while nnjax trains: {reason(name.upper())}.", stacklevel=5)
