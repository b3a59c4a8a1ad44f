"""What every script does around its own work, in processes of a few lines where exit statuses matter."""

import os
import signal
import subprocess
import sys

import pytest
from systems import posix

from nnjax.cli import main
from nnjax.core.errors import UserError

SCRIPT = """
import errno, os, sys
from absl import flags
from nnjax.cli.main import Interrupted, overrides, run, start_jax
from nnjax.core.errors import UserError

flags.DEFINE_integer("count", 1, "a number")

def main(argv):
    {body}

run(main, config_flags=["config"])
"""


def script(body, *arguments, **options):
    """Run a script whose main has this body."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT.format(body=body), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", **options)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("pass", 0, ""),
        ("raise UserError('It is\\n  so.')", 2, "error: It is so.\n"),
        (
            "raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a/b')",
            2,
            "error: a/b: No space left on device; nothing half written was left. Mend that and run the same command "
            "again.\n",
        ),
        ("raise BrokenPipeError", 141, ""),
        ("sys.platform = 'win32'; raise OSError(errno.EINVAL, 'Invalid argument')", 141, ""),  # its broken pipe
        (
            "raise OSError(errno.EINVAL, 'Invalid argument')",
            2,
            "error: Invalid argument; nothing half written was left. Mend that and run the same command again.\n",
        ),
        ("raise Interrupted('Stopped.')", 143, "Stopped.\n"),
        ("raise KeyboardInterrupt", 130, ""),
        ("sys.exit(7)", 7, ""),
    ],
)
def test_how_a_script_ends(body, status, error):
    done = script(body)
    assert (done.returncode, done.stderr) == (status, error)


def test_a_mistake_of_ours_keeps_its_traceback():
    done = script("return 1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_devices_and_cache_are_set_before_jax_is_imported(tmp_path):
    cache = tmp_path / "cache"
    body = (
        "start_jax(3); assert 'jax' not in sys.modules; import jax; "
        "print(len(jax.devices('cpu')), jax.config.jax_compilation_cache_dir, "
        "jax.config.jax_persistent_cache_min_compile_time_secs)"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")} | {"NNJAX_CACHE": str(cache)}
    done = script(body, env=environment)
    assert (done.stdout, done.stderr) == (f"3 {cache} 0.0\n", "")  # nothing about absent accelerators either
    assert cache.is_dir()
    body = "start_jax(3); import jax; print(jax.config.jax_compilation_cache_dir)"
    (tmp_path / "file").touch()
    read_only = script(body, env=environment | {"NNJAX_CACHE": str(tmp_path / "file" / "cache")})
    assert (read_only.stdout, read_only.stderr) == ("None\n", "")


def test_all_cores_are_devices_where_the_system_has_no_affinities():
    body = "vars(os).pop('sched_getaffinity', 0); start_jax(); print(os.environ['JAX_NUM_CPU_DEVICES'], os.cpu_count())"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    devices, cores = script(body, env=environment).stdout.split()
    assert devices == cores


@pytest.fixture
def no_overrides(monkeypatch):
    monkeypatch.setattr(main, "_overrides", {})


@pytest.mark.usefixtures("no_overrides")
def test_overrides_are_taken_out_of_the_command_line():
    argv = ["x.py", "--config=a.py", "--config.loss=huber", "--config.seed", "-3", "--space.seed=0,1", "b", "--"]
    assert main._take_overrides(argv, ["config", "space"]) == ["x.py", "--config=a.py", "b", "--"]
    assert main.overrides("config") == {"loss": "huber", "seed": "-3"}
    assert main.overrides("space") == {"seed": "0,1"}
    assert main.overrides("other") == {}


@pytest.mark.usefixtures("no_overrides")
def test_the_last_of_two_equal_overrides_counts_and_a_value_may_have_equal_signs():
    main._take_overrides(["--config.target=a=b", "--config.seed=1", "--config.seed=2"], ["config"])
    assert main.overrides("config") == {"target": "a=b", "seed": "2"}


@pytest.mark.usefixtures("no_overrides")
@pytest.mark.parametrize("argv", [["--config.seed"], ["--config.seed", "--config.loss=huber"]])
def test_an_override_needs_a_value(argv):
    with pytest.raises(UserError, match=r"--config\.seed has no value; write --config.seed=VALUE"):
        main._take_overrides(argv, ["config"])


@posix
def test_a_signal_is_noted_for_the_next_segment(monkeypatch):
    monkeypatch.setattr(main, "_stop_signal", None)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        main.catch_signals()
        assert not main.stop_requested()
        os.kill(os.getpid(), signal.SIGINT)
        assert main.stop_requested()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_closed_stream_swallows_what_is_written(monkeypatch):
    """Python has None in the place of a stream whose descriptor is closed (`nnjax ... >&-`)."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    main.replace_unencodable()
    assert sys.stdin.read() == ""
    assert sys.stdout.write("≥ 1") == sys.stderr.write("≥ 1") == 3
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()
