"""Set JAX up for the tests: two CPU devices, strict dtype promotion, no silent broadcasting between ranks.

Compiled programs are shared between tests, scripts and runs, in a folder for each test worker: JAX does not write them
atomically.
"""

import os
import pathlib
import sys
from collections.abc import Iterator

os.environ.setdefault("KERAS_BACKEND", "jax")

import hypothesis
import jax
import pytest

# The same examples in every run: a push is not refused for what another drew. `make test-all` draws new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")

PROGRAMS = pathlib.Path(__file__).parents[1] / ".pytest_cache" / "xla" / os.environ.get("PYTEST_XDIST_WORKER", "")
os.environ["NNJAX_CACHE"] = str(PROGRAMS)
# Halves the time of compiling, here and in scripts; jax 0.12 has no such option.
sys.path.insert(0, str(pathlib.Path(__file__).parent))
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(PROGRAMS))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
AS_USERS = "XLA_FLAGS" in os.environ  # as `make test-all` does
if jax.__version_info__[:2] == (0, 10) and not AS_USERS:
    # Compiles in half of the time (docs/design/0018-test-time.md): in this process, once its backend has started; the
    # scripts that tests start compile as they do for users. jax 0.12 has no such flag.
    os.environ["XLA_FLAGS"] = "--xla_cpu_use_fusion_emitters=false"
    jax.devices()
    del os.environ["XLA_FLAGS"]


# Files whose results are compared with an outside truth, or which are about the host, not about what lanes, plans and
# neighbors do to the last bit.
NUMBERS = (
    *("estimators", "exchange", "lectures", "nn", "runs", "search"),
    *("models/test_", "models/adapters/test_compiled", "verify/test_sanity", "verify/test_user_objects"),
    *(
        f"train/test_{name}"
        for name in ("frozen", "max_seconds", "objective", "patience", "probe", "retention", "weights")
    ),
    *("test_keras_parity", "test_several_inputs", "test_testing"),
)


@pytest.fixture(scope="module", autouse=True)
def compiler(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave out most optimizations in the files of `NUMBERS`, which compile a quarter sooner so."""
    name = request.path.relative_to(pathlib.Path(__file__).parent).as_posix()
    jax.config.update("jax_disable_most_optimizations", not AS_USERS and name.startswith(NUMBERS))
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow or needs an extra, unless asked for by `-m`; say so."""
    wanted = config.option.markexpr or ""
    names = [name for name in ("slow", "peers", "tpu") if name not in wanted]
    left_out = [item for item in items if any(map(item.get_closest_marker, names))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
