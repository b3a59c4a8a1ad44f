"""The command `nnjax`: find the subcommand and run it.

Nothing here imports JAX, and what is imported before `main` catches Ctrl-C is next to nothing.
"""

import collections
import gc
import signal
import sys
import types

from nnjax.core.errors import UserError

# A subcommand: the module of its docstring (the help text), define_flags() and run(argv); what it does in a few words.
Command = collections.namedtuple("Command", ["module", "summary"])

COMMANDS = {
    "demo": Command("nnjax.cli.commands.demo", "train the example: four autoencoders and a classifier of digits"),
    "train": Command("nnjax.cli.commands.train", "train one network"),
    "sweep": Command("nnjax.cli.commands.sweep", "train a search space: settings × seeds × folds"),
    "tune-lr": Command("nnjax.cli.commands.tune_lr", "find the learning rate"),
    "predict": Command("nnjax.cli.commands.predict", "write the predictions of a trained network"),
    "diagnose": Command("nnjax.cli.commands.diagnose", "say what learning curves mean, of nnjax or other tools"),
    "report": Command("nnjax.cli.commands.report", "write the report of a run folder again, or compare two"),
    "compare": Command("nnjax.cli.commands.compare", "print a table of several runs"),
    "export": Command("nnjax.cli.commands.export", "write a trained network to a file that runs elsewhere"),
    "embed": Command("nnjax.cli.commands.embed", "draw data in the plane: PCA, t-SNE, UMAP and others"),
    "distances": Command("nnjax.cli.commands.distances", "measure distances between series, and in many dimensions"),
    "data": Command("nnjax.cli.commands.data", "download data sets, or write them as .npy files"),
    "configs": Command("nnjax.cli.commands.configs", "list the configurations that come with nnjax, or print one"),
    "gallery": Command("nnjax.lectures.commands.gallery", "lectures: every mistake that a loss curve can show"),
    "history": Command("nnjax.lectures.commands.history", "lectures: the machines of 1943 to 1998"),
    "study": Command("nnjax.cli.commands.study", "lectures: run a study"),
    "completion": Command("nnjax.cli.commands.completion", "print the completion script of a shell"),
}

COLLECTED = 10_000  # new objects after which Python looks for garbage; with its 700, a twentieth of a short command


def main(name: str | None = None) -> None:
    """Run a subcommand: this one, or the one that the command line names first."""
    signal.signal(signal.SIGINT, _interrupt)
    gc.set_threshold(COLLECTED)
    import importlib

    from nnjax.cli import main as cli

    cli.replace_unencodable()
    arguments = sys.argv[1:]
    if name is None:
        if arguments[:1] == ["help"]:
            arguments = [*arguments[1:2], "--help"]
        if not arguments or arguments[0] in ("--help", "-h"):
            print(help_text())
            return
        if arguments[0] == "--version":
            from nnjax import __version__

            print(f"nnjax {__version__}")
            return
        name = arguments.pop(0)
    with cli.one_sentence():
        command = find(name)
        sys.argv = [f"nnjax {name}", *arguments]
        cli.run_command(importlib.import_module(command.module))


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    """End by Ctrl-C: at once while modules are imported, which would turn it into other errors."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        frame = frame.f_back
    raise KeyboardInterrupt


def help_text() -> str:
    """List the subcommands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "Population training for JAX: train hundreds of trials of a network, and see what their loss curves mean.",
            "",
            "usage: nnjax COMMAND [ARGUMENTS]",
            "",
            *lines,
            "",
            "`nnjax COMMAND --help` explains one of them; `nnjax --version` prints the version.",
        ]
    )


def find(name: str) -> Command:
    """Return a subcommand; UserError names those that are close to an unknown one."""
    if name in COMMANDS:
        return COMMANDS[name]
    import difflib

    if name.startswith("-"):
        raise UserError(
            f"A command was expected before {name}, such as `nnjax train {name}`; `nnjax --help` lists them."
        )
    close = difflib.get_close_matches(name.replace("_", "-"), COMMANDS, n=3)
    meant = f"; did you mean {' or '.join(close)}?" if close else "."
    raise UserError(f"There is no command {name!r}{meant} `nnjax --help` lists the commands.")
