"""Starting JAX in environments that it cannot start in, or that would stop a run: in processes of their own."""

import os
import subprocess
import sys
import time

import jax
import pytest
from systems import posix

from nnjax.core.files import expand_home
from nnjax.core.jax_environment import unset_stopping
from nnjax.train.jax_modes import started

EMBED = ["embed", "--data=digits", "--limit=60", "--k=5"]
COMMAND = "import sys; from nnjax.cli import entry; sys.argv[0] = 'nnjax'; entry.main()"
PYTHON = """
import nnjax, warnings
experiment = nnjax.Experiment(data=nnjax.DataConfig("two_spirals"), model=nnjax.ModelConfig(widths=(2,)), epochs=1)
try:
    run = nnjax.sweep(experiment, {"learning_rate": (0.1, 1e30)})
    print([record.status for record in run.records])
except nnjax.UserError as error:
    print("UserError:", error)
"""


def run(*words, **changes):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
    environment = {name: value for name, value in {**kept, **changes}.items() if value is not None}
    return subprocess.run([sys.executable, *words], capture_output=True, encoding="utf-8", env=environment, timeout=300)


BROKEN = [
    ({"JAX_PLATFORMS": "cuda"}, r"JAX_PLATFORMS=cuda"),
    ({"JAX_NUM_CPU_DEVICES": "abc"}, r"JAX_NUM_CPU_DEVICES=abc (a whole number, at least 1, was expected)"),
    ({"JAX_DEFAULT_MATMUL_PRECISION": "exact"}, r"JAX_DEFAULT_MATMUL_PRECISION=exact"),
    ({"JAX_PLATFORMS": "cpuu"}, r"JAX_PLATFORMS=cpuu"),
    ({"JAX_PLATFORM_NAME": "gpu"}, r"JAX_PLATFORM_NAME=gpu"),
    ({"JAX_NUM_CPU_DEVICES": "0"}, r"JAX_NUM_CPU_DEVICES=0 (a whole number, at least 1, was expected)"),
    ({"JAX_DEBUG_NANS": "perhaps"}, r"JAX_DEBUG_NANS=perhaps"),
]


@pytest.mark.parametrize(
    ("changes", "found"), [*BROKEN[:3], *(pytest.param(*case, marks=pytest.mark.slow) for case in BROKEN[3:])]
)
def test_an_environment_in_which_jax_cannot_start_is_one_sentence(tmp_path, changes, found):
    words = [
        "-c",
        COMMAND,
        *EMBED,
        "--method=pca",
        f"--out={tmp_path / 'out'}",
    ]
    done = run(*words, **changes)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: JAX cannot start with {found}"), done.stderr
    assert done.stderr.endswith("; correct or unset this variable of the environment.\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("changes", "found"), [BROKEN[1], pytest.param(*BROKEN[0], marks=pytest.mark.slow)])
def test_in_plain_python_it_is_a_user_error(changes, found):
    done = run("-c", PYTHON, **changes)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"UserError: JAX cannot start with {found}")


def test_what_stops_at_a_nan_or_a_copy_is_turned_off_and_named():
    stopping = {
        "JAX_DEBUG_NANS": "1",
        "JAX_DEBUG_INFS": "t",
        "JAX_TRANSFER_GUARD": "disallow",
        "JAX_NO_TRACING": "1",
        "JAX_DISABLE_JIT": "True",
    }
    environment, said = {**stopping, "JAX_ENABLE_X64": "1", "JAX_TRANSFER_GUARD_DEVICE_TO_HOST": "log"}, []
    unset_stopping(environment, said.append)
    assert environment == {
        "JAX_DEBUG_NANS": "False",
        "JAX_DEBUG_INFS": "False",
        "JAX_TRANSFER_GUARD": "allow",
        "JAX_NO_TRACING": "False",
        "JAX_DISABLE_JIT": "False",
        "JAX_ENABLE_X64": "1",
        "JAX_TRANSFER_GUARD_DEVICE_TO_HOST": "log",
    }
    assert [sentence.split(" is ")[0] for sentence in said] == [f"{n}={v}" for n, v in stopping.items()]


def test_what_a_program_does_not_compile_is_compiled_in_training():
    trace = started()(lambda: str(jax.make_jaxpr(jax.jit(jax.numpy.sin))(1.0)))
    with jax.disable_jit():
        with pytest.warns(UserWarning, match="jax_disable_jit is turned off while nnjax trains"):
            assert "jit" in trace()  # without it `sin` alone stands there
        assert jax.config.jax_disable_jit


@pytest.mark.slow
def test_a_program_that_stops_at_nan_trains_and_is_warned():
    done = run("-c", PYTHON, JAX_DEBUG_NANS="1", JAX_DEBUG_INFS="1", JAX_TRANSFER_GUARD="disallow")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['done', 'diverged']\n"
    for name in ("jax_debug_nans", "jax_debug_infs", "jax_transfer_guard"):
        assert f"<string>:5: UserWarning: {name} is turned off while nnjax trains" in done.stderr


@posix
def test_without_a_home_all_works(tmp_path, monkeypatch):
    """As in containers that run with a user id of no entry in the password file."""
    nobody = "import pwd\ndef none(*_):\n    raise KeyError\npwd.getpwuid = pwd.getpwnam = none\n"
    words = [
        *EMBED,
        "--method=pca",
        f"--out={tmp_path / 'out'}",
        f"--data_dir={tmp_path}",
    ]
    done = run("-c", nobody + COMMAND, *words, HOME=None, NNJAX_CACHE=None, NNJAX_DATA=None, MPLCONFIGDIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    done = run("-c", nobody + COMMAND, "data", "mnist", HOME=None, NNJAX_DATA=None)
    assert (done.returncode, done.stderr) == (
        2,
        "error: No home folder is known to put data into; name a folder with --data_dir.\n",
    )


def test_a_home_that_is_not_known_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"'~nobody-of-this-name/x' begins with ~nobody-of-this-name, but no home"):
        expand_home("~nobody-of-this-name/x")
    with pytest.raises(ValueError, match="null character"):
        expand_home("~a\0/x")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nobody-of-this-name").touch()
    assert expand_home("~nobody-of-this-name") == "~nobody-of-this-name"


@posix
@pytest.mark.parametrize("words", [["diagnose", "x"], ["sweep", "--config=demo"]])
def test_ctrl_c_while_modules_are_imported_leaves_no_traceback(tmp_path, words):
    """From 0.15 s on, when Python itself has started."""
    import signal

    for seconds in (0.15, 0.4, 1.0):
        folder = ["--workdir=run"] if words[0] == "sweep" else []
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "cwd": tmp_path}
        process = subprocess.Popen([sys.executable, "-c", COMMAND, *words, *folder], **options)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=120)
        assert "Traceback" not in error, error
        assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT, 2)


@pytest.mark.slow
def test_damaged_entries_of_the_compilation_cache_are_made_again(tmp_path):
    words = [
        "-c",
        COMMAND,
        *EMBED,
        "--method=tsne",
        "--perplexity=5",
        "--iterations=50",
    ]
    words += [f"--out={tmp_path / 'out'}"]
    cache = tmp_path / "cache"
    assert run(*words, NNJAX_CACHE=str(cache)).returncode == 0
    whole = {path.name: path.stat().st_size for path in cache.glob("*-cache")}
    assert whole
    for path in cache.glob("*-cache"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = run(*words, NNJAX_CACHE=str(cache))
    assert (again.returncode, again.stderr) == (
        0,
        f"warning: The cache of compiled programs {cache} has damaged entries; they are removed and made again.\n",
    )
    assert {path.name: path.stat().st_size for path in cache.glob("*-cache")}.keys() == whole.keys()
    assert run(*words, NNJAX_CACHE=str(cache)).stderr == ""
