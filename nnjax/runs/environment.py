"""Describe the machine, versions and command of a run, for environment.json and the report."""

import importlib.metadata
import os
import pathlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from nnjax.core.machine import processor

PACKAGES = ("nnjax", "jax", "jaxlib", "flax", "optax", "numpy", "scikit-learn")


def describe_environment(layout: Mapping[str, Any], seconds: Sequence[float]) -> dict[str, Any]:
    """Collect versions, device, commit, command, the layout (plan, costs) and the seconds of each session."""
    import jax

    devices = jax.devices()
    return {
        "command": _command(),
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "machine": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "backend": devices[0].platform,
        "devices": [device.device_kind for device in devices],
        "commit": _commit(),
        **layout,
        "sessions": list(seconds),
    }


def _command() -> str:
    """The command line; a script's name stays as it was typed where it is relative: no folders of this machine."""
    if sys.argv[0].startswith("nnjax "):  # nnjax.cli.entry
        return shlex.join([*sys.argv[0].split(), *sys.argv[1:]])
    script = pathlib.Path(sys.argv[0])
    if script.is_absolute():
        script = pathlib.Path(*script.parts[-2:]) if script.parent.name == "scripts" else pathlib.Path(script.name)
    return shlex.join(["python", script.as_posix(), *sys.argv[1:]])


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The commit of the checkout that nnjax runs from; empty outside a checkout."""
    here = pathlib.Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, cwd=here, capture_output=True, encoding="utf-8", timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):  # no git, or a machine too busy for it
        return ""
    return found.stdout.strip()
