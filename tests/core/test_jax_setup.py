"""JAX as plain Python finds it: all cores, the cache, and what the environment or the program says before."""

import os
import subprocess
import sys

import pytest

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
SHOWN = "print(len(jax.devices('cpu')), jax.config.jax_compilation_cache_dir)"
KEEP = ("JAX_", "XLA_FLAGS")


def python(code, cache, **environment):
    known = {name: value for name, value in os.environ.items() if not name.startswith(KEEP)}
    known |= {"NNJAX_CACHE": str(cache), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, "-W", "default", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=known)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_all_cores_and_the_cache_from_the_first_name_that_needs_jax(tmp_path):
    code = f"import sys, nnjax; assert 'jax' not in sys.modules; nnjax.load; import jax; {SHOWN}"
    assert python(code, tmp_path) == (f"{CORES} {tmp_path}\n", "")


@pytest.mark.parametrize(
    ("before", "environment", "devices"),
    [
        ("", {"JAX_NUM_CPU_DEVICES": "3"}, 3),
        ("", {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"}, 3),
        ("import jax; jax.config.update('jax_num_cpu_devices', 3); ", {}, 3),
    ],
)
def test_what_was_said_before_is_kept(tmp_path, before, environment, devices):
    mine = str(tmp_path / "mine")
    code = f"{before}import nnjax; nnjax.setup(); import jax; {SHOWN}"
    found = python(code, tmp_path, JAX_COMPILATION_CACHE_DIR=mine, **environment)
    assert found == (f"{devices} {mine}\n", "")


@pytest.mark.skipif(CORES == 1, reason="nothing is left unused")
def test_one_line_says_what_a_backend_that_runs_leaves_unused(tmp_path):
    """And the cache is used all the same, though JAX has compiled without one."""
    code = (
        "import jax; jax.jit(lambda x: x + 1)(1.0)\n"
        "import nnjax; nnjax.setup(); nnjax.setup()\n"
        f"jax.jit(lambda x: x + 2)(1.0); {SHOWN}"
    )
    out, error = python(code, tmp_path)
    assert out == f"1 {tmp_path}\n"
    assert error.count("NnjaxWarning") == 1
    assert f"{CORES - 1} of {CORES} cores are left unused: call nnjax.setup() before" in error
    assert list(tmp_path.glob("*-cache"))
