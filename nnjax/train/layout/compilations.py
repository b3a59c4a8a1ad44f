"""Count the programs that XLA compiled in this process, without those read from the persistent cache."""

import collections
import functools
import threading

import jax

_COMPILED, _READ = "/jax/core/compile/backend_compile_duration", "/jax/compilation_cache/cache_hits"


class Counter:
    """How many programs were asked for, and how many of them came from the cache."""

    def __init__(self) -> None:
        self.asked, self.read = 0, 0
        self.names: collections.Counter[str] = collections.Counter()  # how often a function of this name was asked for
        self._lock = threading.Lock()  # programs are compiled side by side

    @property
    def compiled(self) -> int:
        """Programs that were compiled."""
        return self.asked - self.read

    def on_duration(self, event: str, duration_secs: float, **facts: str | int) -> None:
        """Take an event of JAX's monitoring that has a duration."""
        if event == _COMPILED:
            with self._lock:
                self.asked += 1
                self.names[str(facts.get("fun_name", ""))] += 1

    def on_event(self, event: str, **_: str | int) -> None:
        """Take an event of JAX's monitoring."""
        with self._lock:
            self.read += event == _READ


@functools.cache
def counter() -> Counter:
    """The counter of this process, counting from its first use on."""
    count = Counter()
    jax.monitoring.register_event_duration_secs_listener(count.on_duration)
    jax.monitoring.register_event_listener(count.on_event)
    return count
