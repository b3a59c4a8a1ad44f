"""Train where a program has told JAX to stop at a NaN or at a copy between the host and a device."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import jax

from nnjax.core.jax_start import GUARDS, reason, start_errors

KINDS = ("", "_host_to_device", "_device_to_device", "_device_to_host")  # of transfer guards


@contextlib.contextmanager
def started() -> Iterator[None]:
    """Report what keeps JAX from starting; let NaN, infinities and copies pass where a program's settings forbid them.

    Raises:
      UserError: JAX cannot start as the environment asks.
    """
    with start_errors(), contextlib.ExitStack() as stack:
        if getattr(jax.config, "jax_debug_nans", False):
            stack.enter_context(jax.debug_nans(False))
            _warn("jax_debug_nans")
        if getattr(jax.config, "jax_debug_infs", False):
            jax.config.update("jax_debug_infs", False)
            stack.callback(jax.config.update, "jax_debug_infs", True)
            _warn("jax_debug_infs")
        if any("disallow" in str(getattr(jax.config, f"{GUARDS.lower()}{kind}")) for kind in KINDS):
            stack.enter_context(jax.transfer_guard("allow"))
            _warn(GUARDS.lower())
        yield


def _warn(name: str) -> None:
    """Warn whoever called the function that is decorated by `started`."""
    warnings.warn(f"{name} is turned off while nnjax trains: {reason(name.upper())}.", stacklevel=5)
