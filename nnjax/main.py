"""What every script does before and around its own work: devices, compilation cache, signals, and users' mistakes."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from nnjax.types import UserError

_stop_signal: int | None = None


class Interrupted(Exception):
    """A signal asked the run to end; what was complete is saved."""


def stop_requested() -> bool:
    """Whether SIGTERM or Ctrl-C came; the trainer looks between segments."""
    return _stop_signal is not None


def run(main: Callable[[list[str]], Any], config_flags: Sequence[str] = ()) -> None:
    """Run a script's `main(argv)` under absl; a user's mistake is one sentence on stderr and exit status 2.

    Args:
      main: gets the positional arguments (argv[0] is the script).
      config_flags: prefixes such as "config" and "space"; flags `--config.FIELD=VALUE` of these prefixes are taken out
        of the command line before absl sees it and are read with `overrides`.
    """
    from absl import app, flags

    def parse(argv: list[str]) -> list[str]:
        try:
            return flags.FLAGS(_take_overrides(argv, config_flags))
        except flags.Error as error:
            _fail(f"{error} (--help lists the flags)")

    def guarded(argv: list[str]) -> None:
        try:
            main(argv)
        except UserError as error:
            _fail(str(error))
        except OSError as error:
            _fail(_describe(error))
        except Interrupted as error:
            print(error, file=sys.stderr)
            sys.exit(128 + (_stop_signal or signal.SIGTERM))

    app.run(guarded, flags_parser=parse)


_overrides: dict[str, dict[str, str]] = {}


def overrides(prefix: str) -> dict[str, str]:
    """The `--PREFIX.FIELD=VALUE` flags of this command line as field -> text."""
    return dict(_overrides.get(prefix, {}))


def _take_overrides(argv: Sequence[str], prefixes: Sequence[str]) -> list[str]:
    """Split `--config.F=V` (or `--config.F V`) from the other arguments."""
    rest, arguments = [], iter(argv)
    for argument in arguments:
        name, equals, value = argument.lstrip("-").partition("=")
        prefix, dot, field = name.partition(".")
        if argument.startswith("--") and dot and prefix in prefixes:
            _overrides.setdefault(prefix, {})[field] = value if equals else next(arguments, "")
        else:
            rest.append(argument)
    return rest


def _describe(error: OSError) -> str:
    """One sentence for an error of the operating system: which file, what happened."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; nothing half written was left. Mend that and run the same command again."


def _fail(sentence: str) -> NoReturn:
    print(f"error: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(2)


def start_jax(num_devices: int | None = None) -> None:
    """Set up JAX before its backend starts: on CPU one device per core, and the persistent compilation cache.

    Args:
      num_devices: CPU devices to make; None for one per core that this process may use.
    """
    import jax

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jax.config.update("jax_num_cpu_devices", num_devices or cores)
    cache = pathlib.Path(os.environ.get("NNJAX_CACHE", pathlib.Path.home() / ".cache" / "nnjax" / "xla"))
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home only costs compile time
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def catch_signals() -> None:
    """Let SIGTERM and Ctrl-C end the run at the next segment, with a checkpoint; a second one ends it at once."""

    def note(number: int, _: Any) -> None:
        global _stop_signal
        if _stop_signal is not None:
            os._exit(128 + number)
        _stop_signal = number

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
