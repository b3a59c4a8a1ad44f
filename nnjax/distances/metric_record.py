"""The contract of a distance."""

from typing import ClassVar, Protocol

from nnjax.core.types import Array


class Metric(Protocol):
    """A distance (or lower bound): hashable, and a pure function of arrays with trailing lanes.

    Ours are frozen dataclasses, whose fields are the options: equal ones share a program. It can be jitted, and mapped
    over further axes by `jax.vmap`.

    Attributes:
      of_series: whether it compares series [t, d, *lanes] rather than vectors [d, *lanes].
      symmetric: whether the order of the two does not matter.
    """

    of_series: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True

    def __call__(self, x: Array, y: Array) -> Array:
        """Compute distances [*lanes] of x [n, d, *lanes] and y [m, d, *lanes], or of vectors [d, *lanes]."""
        ...
