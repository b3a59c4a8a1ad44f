"""Read the next window in a thread while the devices train on the present one."""

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from jax.sharding import Mesh

from nnjax.train.engine.device_data import Window
from nnjax.train.engine.windows import Place, Stream, place_windows


class Reader:
    """Windows on the devices of a mesh: never more than the present one and the next.

    Args:
      stream: of the group.
      mesh: the devices.
    """

    def __init__(self, stream: Stream, mesh: Mesh):
        self.stream, self.mesh = stream, mesh
        self._thread = ThreadPoolExecutor(1, "nnjax-reader")
        self._now: tuple[tuple[Place, ...], Window] | None = None
        self._next: tuple[tuple[Place, ...], Future[Window]] | None = None

    def window(self, steps: Sequence[int], busy: Collection[int]) -> Window:
        """Return the windows for the next steps, and begin to read those after them.

        Args:
          steps: taken so far on each device (or row of devices that share batches).
          busy: the devices that train; the others get what one of these gets.

        Raises:
          UserError: the data lie in a file that has changed.
          OSError: they cannot be read.
        """
        spare = steps[min(busy)] if busy else 0
        places = tuple(self.stream.place(int(step if device in busy else spare)) for device, step in enumerate(steps))
        if self._now is None or self._now[0] != places:
            coming = self._next if self._next is not None and self._next[0] == places else self._begin(places)
            self._now = self._next = None
            self._now = places, coming[1].result()
        following = tuple(map(self.stream.after, places))
        if following != places and (self._next is None or self._next[0] != following):
            self._next = self._begin(following)
        return self._now[1]

    def _begin(self, places: tuple[Place, ...]) -> tuple[tuple[Place, ...], Future[Window]]:
        return places, self._thread.submit(place_windows, self.stream, places, self.mesh)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)
        self._now = self._next = None
