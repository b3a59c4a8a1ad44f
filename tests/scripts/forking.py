"""A process that has imported what the scripts import, and forks for each command line: the child runs the script.

To start Python and JAX is most of what a script does that refuses its arguments; here that happens once.
"""

import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
import warnings

from processes import ROOT

SHARED = ("nnjax.api", "sklearn.datasets", "matplotlib.pyplot")  # what takes the scripts seconds to import


class ForkServer:
    """Runs scripts, one at a time, each in a new process with warnings as errors."""

    def __init__(self):
        words = [sys.executable, "-W", "error", __file__]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def run(self, name, *arguments, cwd="."):
        """Run a script to its end: status, output and errors, as `processes.run` gives them."""
        with (
            tempfile.NamedTemporaryFile("r", encoding="utf-8") as out,
            tempfile.NamedTemporaryFile("r", encoding="utf-8") as errors,
        ):
            argv = [str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]
            print(json.dumps([argv, str(cwd), out.name, errors.name]), file=self.process.stdin, flush=True)
            status = int(self.process.stdout.readline())
            return subprocess.CompletedProcess(argv, status, out.read(), errors.read())

    def close(self):
        """End the process."""
        self.process.communicate(timeout=60)


def serve():
    """Read command lines and write exit statuses, until standard input ends."""
    for name in SHARED:
        importlib.import_module(name)
    warnings.filterwarnings("ignore", "os.fork")  # JAX has no threads yet
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        child = os.fork()
        if not child:
            become(*request)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(argv, cwd, out, errors):
    """Run a script as `python SCRIPT` does, and end as it ends, but without taking Python down, which is slow."""
    os.chdir(cwd)
    for number, path, mode in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, errors, os.O_WRONLY)):
        os.dup2(os.open(path, mode), number)
    sys.argv[:], sys.path[0] = argv, os.path.dirname(argv[0])
    status = 1
    try:
        runpy.run_path(argv[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
