"""Judge the user's JAX_… variables: start JAX as they ask or say why it cannot; turn off those that stop on a NaN."""

import contextlib
import os
import re
import types
from collections.abc import Callable, Iterator, MutableMapping

from nnjax.core.errors import UserError

TRUE = ("1", "true", "t", "yes", "y", "on")
_DIVERGED = "a trial that diverges is recorded, and its neighbors train on"
STOPPING = {  # switches with which nnjax cannot run, and why
    "JAX_DEBUG_NANS": _DIVERGED,
    "JAX_DEBUG_INFS": _DIVERGED,
    "JAX_DISABLE_JIT": "nnjax compiles its programs, which would take hours step by step",
    "JAX_NO_TRACING": "nnjax compiles its programs",
    "JAX_NO_EXECUTION": "nnjax runs its programs",
    "JAX_RAISE_PERSISTENT_CACHE_ERRORS": "damaged entries of the cache of compiled programs are made again",
}
GUARDS = "JAX_TRANSFER_GUARD"  # of these too
DECIDING = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "JAX_DEFAULT_DEVICE")  # which devices there are
STARTING = ("jax/_src/xla_bridge.py", "jax/_src/config.py", "jax/_src/logging_config.py")  # where JAX reads them


@contextlib.contextmanager
def start_errors() -> Iterator[None]:
    """Report in one sentence, which names the variable, that JAX cannot start as the environment asks."""
    try:
        yield
    except UserError:
        raise
    except (RuntimeError, AssertionError, ValueError) as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        raise UserError(sentence) from None


def _explain(error: Exception) -> str | None:
    """Say which variable of the environment made JAX's start fail; None if none did."""
    if not _raised_while_starting(error.__traceback__):
        return None
    number = os.environ.get("JAX_NUM_CPU_DEVICES", "1")
    if number == "0" or not number.removeprefix("-").isdecimal():
        given, text = [f"JAX_NUM_CPU_DEVICES={number}"], "a whole number, at least 1, was expected"
    else:
        named = {name.upper() for pair in re.findall(r"flag (\w+)|environment '(\w+)'", str(error)) for name in pair}
        given = [f"{name}={os.environ[name]}" for name in sorted(named - {""}) or DECIDING if name in os.environ]
        text = " ".join(str(error).split("(")[0].split()).rstrip(". ") or "no such device is there"
    if not given:
        return None
    return f"JAX cannot start with {' '.join(given)} ({text}); correct or unset this variable of the environment."


def _raised_while_starting(trace: types.TracebackType | None) -> bool:
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.replace(os.sep, "/").endswith(STARTING):
            return True
        trace = trace.tb_next
    return False


def unset_stopping(environment: MutableMapping[str, str], log: Callable[[str], None]) -> None:
    """Turn off, before JAX reads `environment`, what ends a run at its first NaN or copy between host and device."""
    for name, value in list(environment.items()):
        if name.startswith(GUARDS) and value not in ("allow", "log"):
            environment[name] = "allow"
        elif name in STOPPING and value.strip().lower() in TRUE:
            environment[name] = "False"
        else:
            continue
        log(f"{name}={value} is turned off: {reason(name)}.")


def reason(name: str) -> str:
    """Say why a variable of the environment, or JAX's setting of the same name, is turned off."""
    if name.startswith(GUARDS):
        return "nnjax copies data between the host and the devices itself"
    return STOPPING[name]
