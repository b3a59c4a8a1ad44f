"""Run a command: set up devices and the compilation cache, catch signals, report users' mistakes in one sentence."""

import contextlib
import difflib
import io
import logging as standard_logging
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, NoReturn

from nnjax.core import messages
from nnjax.core.compile_cache import remove_damaged
from nnjax.core.errors import UserError
from nnjax.core.fields import resolve_path
from nnjax.core.files import is_broken_pipe
from nnjax.core.jax_environment import start_errors, unset_stopping
from nnjax.core.jax_setup import cache_folder, configure
from nnjax.core.text import printable

SIGPIPE = 13  # which Windows has not

_stop_signal: int | None = None


class Interrupted(Exception):
    """A signal asked the run to end; what was complete is saved."""


def stop_requested() -> bool:
    """Whether SIGTERM or Ctrl-C came; the trainer asks between segments."""
    return _stop_signal is not None


class _Sentence(standard_logging.Formatter):
    """Warnings of the libraries below and of the data in the form of nnjax's own: "warning: sentence"."""

    def format(self, record: standard_logging.LogRecord) -> str:
        """Leave out time, thread and place."""
        return f"{record.levelname.lower()}: {record.getMessage()}"


def run_command(command: ModuleType) -> None:
    """Run a command: define its flags, then `run` it; its docstring is the help text."""
    from absl import flags

    sys.modules["__main__"].__doc__ = command.__doc__  # what absl prints for --help
    command.define_flags()
    for flag in flags.FLAGS.get_key_flags_for_module(command.__name__):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)  # those that --help lists
    run(command.run, getattr(command, "OVERRIDES", ()))


def run(main: Callable[[list[str]], Any], config_flags: Sequence[str] = ()) -> None:
    """Run `main(argv)` under absl; a user's mistake is one sentence on stderr and exit status 2.

    Args:
      main: gets the positional arguments (argv[0] is the command).
      config_flags: prefixes such as "config" and "space"; flags `--config.FIELD=VALUE` of these prefixes are taken out
        of the command line before absl sees it and are read with `overrides`.
    """
    from absl import app, flags, logging

    replace_unencodable()

    def parse(argv: list[str]) -> list[str]:
        """Read the flags; what absl cannot read is said in a sentence."""
        with one_sentence():
            try:
                return flags.FLAGS(_take_overrides(argv, config_flags))
            except flags.UnrecognizedFlagError as error:
                raise UserError(_unknown_flag(error.flagname, list(flags.FLAGS), config_flags)) from None
            except flags.Error as error:
                known, whole, _ = str(error).partition(": invalid literal for int")  # Python's words
                text = f"{known}: a whole number was expected." if whole else f"{known.rstrip('.')}."
                raise UserError(text) from None
            except SystemExit:  # --help, after which absl has status 1
                sys.stdout.flush()  # while a full disk can still be said in a sentence
                sys.exit(0)

    def guarded(argv: list[str]) -> None:
        """Run the command with its messages in one form."""
        if flags.FLAGS.verbosity == logging.INFO:  # absl's default: JAX then tells of absent accelerators
            logging.set_verbosity(logging.WARNING)
        logging.get_absl_handler().python_handler.setFormatter(_Sentence())
        messages.show_findings(_print_finding)
        with one_sentence():
            main(argv)
            sys.stdout.flush()

    app.run(guarded, flags_parser=parse)


def refuse_arguments(argv: Sequence[str]) -> None:
    """Refuse a command line with anything but flags."""
    if len(argv) > 1:
        raise UserError(f"{argv[1]!r} was not expected: every argument is a flag, --NAME=VALUE; --help lists them.")


def _print_finding(sentence: str) -> None:
    """Print what the library would warn of in Python."""
    from nnjax.cli.printing import print_message

    print_message(sentence)


def replace_unencodable() -> None:
    """Write "?" for what a stream's encoding lacks (× where Windows pipes cp1252), rather than end with an error.

    What goes to a closed stream (`>&-`) is discarded; the next file opened would else have its number, and its text.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextlib.contextmanager
def one_sentence() -> Iterator[None]:
    """End the process by what went wrong: a mistake of the user's by one sentence on stderr and status 2."""
    try:
        with start_errors():
            yield
    except UserError as error:
        _fail(str(error))
    except OSError as error:
        _discard_output()
        if is_broken_pipe(error):  # the reader has gone (`| head`): end as Unix tools do
            sys.exit(128 + SIGPIPE)
        what = f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"
        _fail(f"{what}; nothing half written was left. Mend that and run the same command again.")
    except Interrupted as error:
        print(error, file=sys.stderr)
        sys.exit(128 + (_stop_signal or signal.SIGTERM))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


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
            value = value if equals else next(arguments, "--")
            if not equals and value.startswith("--"):
                raise UserError(f"{argument} has no value; write {argument}=VALUE.")
            _overrides.setdefault(prefix, {})[field] = value
        else:
            rest.append(argument)
    return rest


def _unknown_flag(name: str, known: Sequence[str], prefixes: Sequence[str]) -> str:
    """One sentence for a flag that the command does not have: what may have been meant."""
    field, dot, _ = name.partition(".")
    if dot and field in ("config", "space"):
        return f"This command takes no --{field}.FIELD flags, but --{name} was given; --help lists its flags."
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    if close:
        return f"Unknown flag --{name}; did you mean --{close[0]}? --help lists the flags."
    if "config" in prefixes:
        try:
            return f"Unknown flag --{name}; the experiment's {resolve_path(name)} is set by --config.{name}=VALUE."
        except UserError:
            return f"Unknown flag --{name}; --help lists the flags, and --config.FIELD=VALUE sets a field."
    return f"Unknown flag --{name}; --help lists the flags."


def _fail(sentence: str) -> NoReturn:
    print(f"error: {printable(' '.join(sentence.split()))}", file=sys.stderr)
    sys.exit(2)


def _discard_output() -> None:
    """Let what standard output still holds go nowhere, should it be standard output that cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def start_jax(num_devices: int | None = None) -> None:
    """Set up JAX before its backend starts: on CPU one device per core, and the persistent compilation cache.

    Quick, because JAX is not imported (`nnjax.core.jax_setup`).

    Args:
      num_devices: CPU devices to make; None for one per core that this process may use.
    """
    unset_stopping(os.environ, warn)
    configure(num_devices)
    remove_damaged(cache_folder() or pathlib.Path(), warn)


def warn(sentence: str) -> None:
    """Print a warning on standard error."""
    print(f"warning: {printable(sentence)}", file=sys.stderr)


def start_devices() -> None:
    """Start JAX's backend now, before any work: what keeps it from starting is said at once (`one_sentence`)."""
    import jax

    jax.devices()


def catch_signals() -> None:
    """Let SIGTERM and Ctrl-C end the run at the next segment, with a checkpoint; a second one ends it at once."""

    def note(number: int, _: Any) -> None:
        global _stop_signal
        if _stop_signal is not None:
            os._exit(128 + number)
        _stop_signal = number

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
