"""Check that nnjax installs from wheels alone: `python -m scripts.check_wheels [--extra=NAME]` (online).

Lets pip resolve the dependencies in pyproject.toml for Windows, macOS and Linux × Python 3.11, 3.13 and 3.14, without
installing anything (a minute). The exit status is 1 where one of the nine does not resolve, 2 without an index.
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags

from nnjax.cli import main as cli
from nnjax.core.errors import UserError

PYPROJECT = pathlib.Path(__file__).parents[1] / "pyproject.toml"
PYTHONS = ("3.11", "3.13", "3.14")


class System(NamedTuple):
    """A system to install on.

    Attributes:
      platforms: tags of the wheels that it takes; pip adds the older ones of macOS and of manylinux2014.
      markers: what the environment markers of requirements are evaluated with.
    """

    platforms: tuple[str, ...]
    markers: Mapping[str, str]


def _markers(os_name: str, sys_platform: str, system: str, machine: str) -> dict[str, str]:
    return {"os_name": os_name, "sys_platform": sys_platform, "platform_system": system, "platform_machine": machine}


SYSTEMS = {
    "win_amd64": System(("win_amd64",), _markers("nt", "win32", "Windows", "AMD64")),
    "macosx_arm64": System(("macosx_14_0_arm64",), _markers("posix", "darwin", "Darwin", "arm64")),
    "manylinux_x86_64": System(
        (*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 17, -1)), "manylinux2014_x86_64"),
        _markers("posix", "linux", "Linux", "x86_64"),
    ),
}

# pip evaluates environment markers for the machine that it runs on, whatever --platform says; this gives it others.
PIP = """
import json, sys
from pip._vendor.packaging import markers
here, there = markers.default_environment, json.loads(sys.argv.pop(1))
markers.default_environment = lambda: {**here(), **there}
from pip._internal.cli.main import main
sys.exit(main())
"""
UNREACHABLE = re.compile(
    r"Retrying \(Retry|connection (broken|error)|name resolution|ProxyError|SSLError", re.IGNORECASE
)


class Resolved(NamedTuple):
    """What pip said.

    Attributes:
      wheels: how many distributions it would install; 0 where it does not resolve.
      reason: pip's line that says why it does not resolve.
    """

    wheels: int
    reason: str = ""


def requirements(project: Mapping[str, Any], extra: str | None = None) -> list[str]:
    """List the requirements of a project (the table of pyproject.toml), with those of an extra.

    Raises:
      UserError: there is no such extra.
    """
    extras, found = project.get("optional-dependencies", {}), list(project["dependencies"])
    wanted = [extra] if extra else []
    while wanted:
        name = wanted.pop()
        if name not in extras:
            raise UserError(f"There is no extra {name!r}: choose one of {', '.join(extras)}.")
        for requirement in extras[name]:
            own = re.fullmatch(rf"{project['name']}\[(.+)\]", requirement)
            if own:
                wanted += own[1].split(",")
            else:
                found.append(requirement)
    return found


def resolve(
    needed: Sequence[str], system: System, python: str, pip: Sequence[str] = (sys.executable, "-c", PIP)
) -> Resolved:
    """Let pip resolve requirements from wheels for a system and a Python.

    Args:
      needed: requirements.
      system: the system.
      python: "3.11".
      pip: the command, which takes the environment markers as JSON and then the arguments of pip.

    Raises:
      UserError: no index of packages could be reached.
    """
    markers = {**system.markers, "python_version": python, "python_full_version": f"{python}.0"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(*pip, json.dumps(markers), "install", "--dry-run", "--ignore-installed", "--quiet", "--report=-"),
                *("--disable-pip-version-check", "--retries=1", "--only-binary=:all:", f"--target={folder}"),
                *(f"--platform={platform}" for platform in system.platforms),
                *(f"--python-version={python}", "--implementation=cp", *needed),
            ],
            capture_output=True,
            encoding="utf-8",
        )
    if done.returncode == 0:
        return Resolved(len(json.loads(done.stdout)["install"]))
    if UNREACHABLE.search(done.stderr):
        raise UserError("pip cannot reach an index of packages, which this check needs: run it where there is network.")
    return Resolved(0, reason(done.stderr))


def reason(output: str) -> str:
    """Find pip's line that says why requirements do not resolve: the first error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return [*errors, *reversed(lines), "pip said nothing"][0]


def table(found: Mapping[tuple[str, str], Resolved]) -> str:
    """Write what was found by (system, Python) as lines, with pip's reasons below."""
    pythons = list(dict.fromkeys(python for _, python in found))
    lines = [f"{'':18}{''.join(f'{python:>12}' for python in pythons)}"]
    for system in dict.fromkeys(system for system, _ in found):
        cells = [found[system, python].wheels for python in pythons]
        lines.append(f"{system:18}" + "".join(f"{f'{cell} wheels' if cell else 'fails':>12}" for cell in cells))
    failed = [f"{' '.join(key)}: {one.reason}" for key, one in found.items() if not one.wheels]
    return "\n".join(lines + failed)


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("extra", None, "an extra to resolve too, such as tfds")


def run(argv: list[str]) -> None:
    """Resolve all, two at a time, and print the table."""
    if len(argv) > 1:
        raise UserError(f"Only flags were expected, but {argv[1]} was given.")
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    needed = requirements(project, flags.FLAGS.extra)
    pairs = [(system, python) for system in SYSTEMS for python in PYTHONS]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda pair: resolve(needed, SYSTEMS[pair[0]], pair[1]), pairs)
        found = dict(zip(pairs, results, strict=True))
    print(table(found))
    if not all(one.wheels for one in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    cli.run_command(sys.modules[__name__])
