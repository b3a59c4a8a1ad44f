"""Set JAX up for the tests: two CPU devices, strict dtype promotion, no silent broadcasting between ranks.

Compiled programs are shared between tests, test workers and runs. Scripts have a folder for each worker, as JAX itself
does not write them atomically.
"""

import functools
import gc
import os
import pathlib
import sys
import zlib
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # with a thread for each core in each worker BLAS mostly waits

import hypothesis
import jax
import pytest
from jax._src import compilation_cache, lru_cache
from jax._src import compiler as jax_compiler

# The same examples in every run: a push is not refused for what another drew. `make test-all` draws new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")

PROGRAMS = pathlib.Path(__file__).parents[1] / ".pytest_cache" / "xla"
os.environ["NNJAX_CACHE"] = str(PROGRAMS / os.environ.get("PYTEST_XDIST_WORKER", "scripts"))
# Halves the time of compiling, here and in scripts; jax 0.12 has no such option.
sys.path.insert(0, str(pathlib.Path(__file__).parent))
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(PROGRAMS))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
AS_USERS = "XLA_FLAGS" in os.environ  # as `make test-all` does
FLAGS = "xla_cpu_use_fusion_emitters=false xla_backend_optimization_level=1 xla_cpu_parallel_codegen_split_count=1"
if jax.__version_info__[:2] == (0, 10) and not AS_USERS:
    # Compiles in half of the time (docs/design/0018-test-time.md): in this process, once its backend has started; the
    # scripts that tests start compile as they do for users. jax 0.12 does not know the first flag.
    os.environ["XLA_FLAGS"] = " ".join(f"--{flag}" for flag in FLAGS.split())
    jax.devices()
    del os.environ["XLA_FLAGS"]


def put_whole(cache: lru_cache.LRUCache, key: str, value: bytes) -> None:
    """Write an entry beside its place first: the other worker may read that one meanwhile."""
    path = pathlib.Path(str(cache.path), f"{key}-cache")
    own = path.with_name(f"{path.name}.{os.getpid()}")
    own.write_bytes(value)
    own.replace(path)


lru_cache.LRUCache.put = put_whole
# As quick as no compression; zlib's usual level takes a quarter of the time of an entry.
compilation_cache.compress_executable = functools.partial(zlib.compress, level=1)


# Files whose results are compared with an outside truth, or which are about the host, not about what lanes, plans and
# neighbors do to the last bit.
NUMBERS = (
    *("checks", "cli", "core", "data/", "diagnosis", "distances", "estimators", "exchange", "lectures", "nn", "report"),
    *("runs", "search", "spaces", "trackers", "models/test_"),
    *(f"models/adapters/test_{name}" for name in ("compiled", "given", "modes", "refusals")),
    *(f"verify/test_{name}" for name in ("data_checks", "experiment_summary", "sanity", "user_objects")),
    *(f"train/test_{name}" for name in ("display", "frozen", "max_seconds", "memory_limits", "objective", "patience")),
    *(f"train/test_{name}" for name in ("parallel_groups", "planner", "probe", "retention", "stored")),
    *(f"train/test_{name}" for name in ("time_left", "trial", "weights")),
    *("test_configs", "test_docs", "test_doors", "test_examples", "test_keras_parity", "test_readme"),
    *("test_portable", "test_several_inputs", "test_testing"),
)


CHAOTIC = ("embed/test_layout_populations",)  # rounding grows: lanes are compared by LLVM's level 3, as users have it


@pytest.fixture(scope="module", autouse=True)
def compiler(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave out most optimizations in the files of `NUMBERS`, which compile a quarter sooner so; none in `CHAOTIC`."""
    name, usual = request.path.relative_to(pathlib.Path(__file__).parent).as_posix(), jax_compiler.get_compile_options

    def at_level_3(*args: Any, **options: Any) -> Any:
        found = usual(*args, **options)
        found.executable_build_options.debug_options.xla_backend_optimization_level = 3
        return found

    jax.config.update("jax_disable_most_optimizations", not AS_USERS and name.startswith(NUMBERS))
    with pytest.MonkeyPatch.context() as patch:
        if name.startswith(CHAOTIC):
            patch.setattr(jax_compiler, "get_compile_options", at_level_3)
        yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session", autouse=True)
def forgetful_planner() -> Iterator[None]:
    """Keep no times of layouts and no functions beside the programs: no test may depend on an earlier one's."""
    from nnjax.train.engine import stored_functions
    from nnjax.train.layout.step_times import StepTimes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepTimes, "__init__", lambda self: setattr(self, "path", None))
        patch.setattr(stored_functions, "_folder", lambda: None)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give the scripts' tests to one worker: it alone trains their run, and starts the process that forks."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder, _, _ = nodeid.rpartition("/test_")
            return folder if folder == "tests/scripts" and "several_processes" not in nodeid else nodeid.split("::")[0]

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among what was imported: JAX makes millions of short-lived objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow or needs an extra, unless asked for by `-m`; say so."""
    wanted = config.option.markexpr or ""
    names = [name for name in ("slow", "peers", "tpu") if name not in wanted]
    left_out = [item for item in items if any(map(item.get_closest_marker, names))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
