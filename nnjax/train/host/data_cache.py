"""Cache the data on the devices: that of one group, and with windows the present one and the next."""

from collections.abc import Collection, Sequence

from jax.sharding import Mesh

from nnjax.train.engine.device_data import DeviceData
from nnjax.train.engine.programs import TRIALS, Program, data_shapes, place_data
from nnjax.train.engine.windows import Place, by_row, place_windows, window_shapes
from nnjax.train.host.window_reader import Reader
from nnjax.train.layout.lane_batch import Group


class DataCache:
    """The data of the last used group and mesh, kept on the devices.

    Attributes:
      beside: whether groups train side by side on meshes of their own, so that each mesh keeps its last group's.
    """

    def __init__(self) -> None:
        self.beside = False
        self._data: dict[Mesh, tuple[int, DeviceData]] = {}  # with the id of the group's data
        self._reader: Reader | None = None

    def data(self, group: Group, program: Program) -> DeviceData:
        """Put a group's data on a program's devices, all but windows."""
        name, mesh = id(group.data), program.mesh
        if self._data.get(mesh, (None,))[0] != name:
            self._data.pop(mesh, None)
            if not self.beside:
                self.clear()
            self._data[mesh] = name, place_data(group.data._replace(window=None), mesh)
        return self._data[mesh][1]

    @staticmethod
    def shapes(group: Group, mesh: Mesh) -> DeviceData:
        """Return the shapes of a group's data on devices, with those of windows."""
        data = data_shapes(group.data._replace(window=None), mesh)
        if group.stream is None:
            return data
        return data._replace(window=window_shapes(group.stream, mesh.shape[TRIALS], by_row(mesh)))

    def with_first_window(self, group: Group, program: Program) -> DeviceData:
        """Return the data with the first window."""
        data, mesh = self.data(group, program), program.mesh
        if group.stream is None:
            return data
        return data._replace(window=place_windows(group.stream, (Place(0, 0),) * mesh.shape[TRIALS], mesh))

    def with_next_window(
        self, group: Group, program: Program, steps: Sequence[int], busy: Collection[int]
    ) -> DeviceData:
        """Return the data with the window of the next steps; arguments and errors as of `Reader.window`."""
        data = self.data(group, program)
        if group.stream is None:
            return data
        if self._reader is None:
            self._reader = Reader(group.stream, program.mesh)
        return data._replace(window=self._reader.window(steps, busy))

    def clear(self) -> None:
        """Let go of the data, and end the reader's thread."""
        if self._reader is not None:
            self._reader.close()
        self._data, self._reader = {}, None
