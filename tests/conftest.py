"""Set JAX up for the tests: two CPU devices, strict dtype promotion, no silent broadcasting between ranks."""

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("NNJAX_CACHE", str(pathlib.Path.home() / ".cache" / "nnjax" / "xla"))

import jax
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs an extra, unless asked for by `-m`; say so."""
    wanted = config.option.markexpr or ""
    extras = [name for name in ("peers", "tpu") if name not in wanted]
    left_out = [item for item in items if any(map(item.get_closest_marker, extras))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
