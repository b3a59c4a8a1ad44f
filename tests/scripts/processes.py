"""Running the scripts as their users do: in processes of their own, with small configurations."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]

SPIRALS = '''"""A tiny classifier of two spirals."""

from nnjax import Arm, DataConfig, Experiment, ModelConfig, Space


def get_config():
    return Experiment(
        data=DataConfig("two_spirals", scaling="standard"),
        model=ModelConfig(widths=(8,)),
        epochs=2,
        batch_size=32,
        evaluate_test="all",
    )


def get_space():
    arms = {"plain": Arm(), "more": Arm({"epochs": 1}, start_from="plain")}
    return Space(axes={"learning_rate": (0.01, 0.1)}, arms=arms)
'''


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""


def command(name, *arguments):
    """The command line of a script; Python's warnings are errors."""
    return [sys.executable, "-W", "error", str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]


def run(name, *arguments, largest_file=None, **options):
    """Run a script to its end; with largest_file (bytes) it can write no larger file: to it, the disk is full."""
    options = {"capture_output": True, "encoding": "utf-8", "timeout": 300} | options
    words = command(name, *arguments)
    if largest_file is not None:  # set by a process in between: forking this one, which runs JAX, is not safe
        words = [sys.executable, "-c", LIMITED, str(largest_file), *words]
    return subprocess.run(words, **options)


def start(name, *arguments):
    """Start a script."""
    return subprocess.Popen(command(name, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def contents(folder):
    """Every file and folder below a folder, with its bytes."""
    paths = sorted(pathlib.Path(folder).rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}


def complaint(done):
    """The one sentence of a script that refuses: status 2, a single line on stderr, and no traceback anywhere."""
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line[-1] in ".?)", line
    return line.removeprefix("error: ")


def environment(**changes):
    """This process's environment with some variables changed."""
    return {**os.environ, **changes}
