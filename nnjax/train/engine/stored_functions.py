"""Keep compiled functions beside JAX's cache, by what decides them, so that a warm run neither traces nor lowers.

JAX's own cache is keyed by the lowered program, and tracing and lowering take half a second of Python a function. Here
the key is a hash of the sources of nnjax that decide a program, the versions, processor, flags and settings of JAX, and
the static part of the program. Only for built-in models on CPUs: an object of the user's has no source to hash.
"""

import functools
import hashlib
import importlib.metadata
import os
import pathlib
import pickle
import platform
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import jax
from jax.experimental import serialize_executable
from jax.stages import Compiled, Lowered, Wrapped

from nnjax.core.files import write_atomically
from nnjax.core.machine import instructions, processor
from nnjax.train.distributed import is_distributed

FOLDER = "nnjax_functions"  # in the folder of compiled programs
MOST = 1024  # files that are kept, those used last
DIGEST = 32  # bytes of the hash of what follows it in a file
SETTLED = 10.0  # seconds before this process began: sources that changed later may not be what it runs
PACKAGES = ("core", "nn", "models", "data", "train")  # of nnjax, which decide a program
LIBRARIES = ("jax", "jaxlib", "optax", "flax", "numpy", "ml_dtypes")
COMPILED, READ = "/jax/core/compile/backend_compile_duration", "/jax/compilation_cache/cache_hits"  # JAX's events
_BEGAN = time.time()

Submit = Callable[[Callable[[], Any]], Any]


class Key(NamedTuple):
    """What decides a program, hashed, and the devices that it runs on."""

    name: str
    devices: tuple[jax.Device, ...]


class StoredFunction:
    """A jitted function that calls an executable which was read for arguments of such shapes, where there is one.

    Args:
      jitted: the function.

    Attributes:
      jitted: the function.
      name: of it.
    """

    def __init__(self, jitted: Wrapped):
        self.jitted, self.name = jitted, str(getattr(jitted, "__name__", "function"))
        self._read: dict[Any, Compiled | None] = {}  # None: the jitted function has compiled it

    def __call__(self, *args: Any) -> Any:
        """Call the executable, or the jitted function."""
        read = self._read.get((_settings(), _shapes_of(args))) if self._read else None
        if read is not None:
            try:
                return read(*args)
            except (TypeError, ValueError):  # the arguments are laid out in another way: nothing was computed
                pass
        return self.jitted(*args)

    def lower(self, *args: Any) -> Lowered:
        """Trace and lower it."""
        return self.jitted.lower(*args)

    def prepare(self, args: tuple[Any, ...], key: Key | None, submit: Submit) -> Any:
        """Read its executable for arguments of such shapes, or let it be compiled and kept; once for each shape.

        Args:
          args: the arguments, or their shapes.
          key: of the program that it belongs to; None to keep nothing.
          submit: runs a function in a thread; tracing stays in this one.

        Returns:
          What `submit` gave; None where there is nothing to wait for.
        """
        shapes = _shapes_of(args)
        called = _settings(), shapes
        if called in self._read:
            return None
        path = None if key is None else _path(key, self.name, shapes)
        self._read[called] = None if key is None or path is None else _read(path, key.devices)
        if self._read[called] is not None:
            return None
        lowered = self.jitted.lower(*args)
        return submit(lowered.compile if path is None else lambda: _compile_and_write(lowered, path))


def key_of(static: Any, devices: Sequence[jax.Device]) -> Key | None:
    """Return the key of a program; None where its functions are not kept.

    Args:
      static: all that is static of it, whose `repr` is complete: no objects of the user's.
      devices: that it runs on.
    """
    machine = _machine()
    if _folder() is None or is_distributed() or machine is None or devices[0].platform != "cpu":
        return None
    flags = sorted((name, value) for name, value in os.environ.items() if name.startswith(("XLA_", "JAX_")))
    own = [(device.id, device.device_kind) for device in devices]
    text = repr((machine, _settings(), [flag for flag in flags if "CACHE" not in flag[0]], own, static))
    return None if " at 0x" in text else Key(hashlib.sha256(text.encode()).hexdigest(), tuple(devices))


def _settings() -> tuple[Any, ...]:
    """Return JAX's settings as they are here, in a block that sets some too, but for those of its cache."""
    values = sorted(jax.config.values.items())
    return tuple((name, getattr(jax.config, name, value)) for name, value in values if "cache" not in name)


@functools.cache
def _machine() -> str | None:
    """Hash the sources, versions and processor; None where the sources may not be what this process runs."""
    sources = hash_sources(pathlib.Path(__file__).parents[2], _BEGAN - SETTLED)
    versions = [(name, importlib.metadata.version(name)) for name in LIBRARIES]
    return sources and repr((sources, versions, platform.python_version(), processor(), instructions()))


def hash_sources(root: pathlib.Path, before: float) -> str | None:
    """Hash the sources of the packages that decide a program; None where one changed after a time."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        if path.stat().st_mtime > before:
            return None
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _folder() -> pathlib.Path | None:
    folder = jax.config.values["jax_compilation_cache_dir"]
    kept = folder is not None and jax.config.values["jax_enable_compilation_cache"]
    return pathlib.Path(folder) / FOLDER if kept else None


def _path(key: Key, function: str, shapes: Any) -> pathlib.Path | None:
    folder = _folder()
    digest = hashlib.sha256(f"{key.name} {function} {shapes}".encode()).hexdigest()
    return None if folder is None else folder / f"{function}-{digest}"


def _shapes_of(args: tuple[Any, ...]) -> Any:
    """Return what an executable depends on of its arguments: their structure, shapes and dtypes."""
    leaves, structure = jax.tree.flatten(args)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


def _read(path: pathlib.Path, devices: Sequence[jax.Device]) -> Compiled | None:
    """Read an executable; None where there is none, or a damaged one: which is warned of and removed."""
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    try:
        if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
            raise ValueError("its content is not what was written")
        code, inputs, outputs = pickle.loads(zlib.decompress(content[DIGEST:]))
        load = serialize_executable.deserialize_and_load
        return cast(Compiled, load(code, inputs, outputs, execution_devices=devices))
    except Exception as error:  # whatever XLA and pickle raise: it can be made again
        warnings.warn(f"The compiled function {path} is damaged ({error}); it is made again.", stacklevel=2)
        path.unlink(missing_ok=True)
        return None


def _compile_and_write(lowered: Lowered, path: pathlib.Path) -> None:
    """Compile a function, and keep it unless it came from JAX's cache: XLA cannot give such a one away whole."""
    heard = _events()
    heard.names = set()
    compiled = lowered.compile()
    if COMPILED in heard.names and READ not in heard.names:
        _write(path, compiled)


@functools.cache
def _events() -> threading.local:
    """Collect, for each thread, the names of JAX's events from now on."""
    heard = threading.local()

    def note(event: str, *_: Any, **__: Any) -> None:
        if hasattr(heard, "names"):
            heard.names.add(event)

    jax.monitoring.register_event_listener(note)
    jax.monitoring.register_event_duration_secs_listener(note)
    return heard


def _write(path: pathlib.Path, compiled: Compiled) -> None:
    """Keep an executable; where the folder cannot be written, or XLA cannot give it away, nothing is kept."""
    try:
        content = zlib.compress(pickle.dumps(serialize_executable.serialize(compiled)), 1)
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, hashlib.sha256(content).digest() + content)
        kept = sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime)
        for old in kept[:-MOST]:
            old.unlink(missing_ok=True)
    except (OSError, ValueError, NotImplementedError, jax.errors.JaxRuntimeError):
        return
