"""The networks that a report shows from inside: one trial for each of the best settings, with its outputs and codes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.types import Prepared
from nnjax.data.baselines import measured_part
from nnjax.models.registry import traits_of
from nnjax.runs.settings import Setting, ranked, representative, settings

if TYPE_CHECKING:
    from nnjax.runs.run import Run

MAX_EXHIBITS = 6
MAX_EXAMPLES = 20_000  # the first of the part; a confusion matrix of more says nothing else


@dataclasses.dataclass(frozen=True, eq=False)
class Exhibit:
    """One trained network and what it makes of the examples of the report's part.

    Attributes:
      setting: which it stands for.
      trial: its id.
      prepared: its data.
      part: "test", "validation" or "training".
      rows: [n] indices of the examples.
      inputs: [n, d] float32, scaled.
      outputs: [n, k] float32; of a regression in the target's own units.
      codes: [n, width] float32 of an autoencoder; None otherwise.
      kernel: [d, h], of the first layer; of a convolution [height * width, maps].
      kernel_shape: (height, width) of a column of the kernel that is a picture; None elsewhere.
    """

    setting: Setting
    trial: int
    prepared: Prepared
    part: str
    rows: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    codes: np.ndarray | None
    kernel: np.ndarray
    kernel_shape: tuple[int, int] | None

    @property
    def label(self) -> str:
        """The setting's label."""
        return self.setting.label

    @property
    def goal(self) -> str:
        """What the network is for."""
        return self.setting.goal

    @property
    def labels(self) -> np.ndarray | None:
        """Class indices [n]; None where the data have no classes."""
        data = self.prepared.dataset
        return data.y[self.rows] if data.task == "classification" and data.y is not None else None

    @property
    def targets(self) -> np.ndarray:
        """Regression targets [n, k] in their own units."""
        assert self.prepared.dataset.y is not None
        return self.prepared.dataset.y[self.rows]

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of the inputs where they are pictures."""
        return self.prepared.dataset.image_shape

    def predicted(self) -> tuple[np.ndarray, np.ndarray]:
        """Of a classifier: the predicted class [n], and the output [n] that stands for it."""
        p = self.outputs
        if p.shape[1] == 1:
            found = (p[:, 0] > 0.5).astype(np.int64)
            return found, np.where(found == 1, p[:, 0], 1 - p[:, 0])
        found = p.argmax(axis=1)
        return found, p[np.arange(len(p)), found]

    def pixels(self, values: np.ndarray) -> np.ndarray:
        """Turn scaled pictures [n, d] into brightness in [0, 1], [n, height, width]."""
        assert self.image_shape is not None
        raw = np.asarray(self.prepared.x_scaler.inverse(values)) / full_scale(self.prepared)
        return np.clip(np.nan_to_num(raw), 0, 1).reshape(-1, *self.image_shape)


def full_scale(prepared: Prepared) -> float:
    """The raw value that is shown as white."""
    data = prepared.dataset
    return data.full_scale or (255.0 if data.x.dtype == np.uint8 else max(float(data.x.max()), 1e-12))


def shown_settings(run: Run, limit: int = MAX_EXHIBITS) -> list[Setting]:
    """Choose the settings to show: all of a few, else the best of each goal; those without weights are left out."""
    able = [setting for setting in settings(run) if representative(run, setting) is not None]
    goals = list(dict.fromkeys(setting.goal for setting in able))
    orders = [ranked(run, [setting for setting in able if setting.goal == goal]) for goal in goals]
    longest = max(map(len, orders), default=0)
    chosen = [order[i] for i in range(longest) for order in orders if i < len(order)][:limit]
    return able if len(able) <= limit else chosen


def exhibits(run: Run) -> tuple[list[Exhibit], list[str]]:
    """Run the networks to show on the report's part; sentences say which data or weights are not there any more."""
    found, missing = [], []
    for setting in shown_settings(run):
        trial = representative(run, setting)
        assert trial is not None
        try:
            found.append(_exhibit(run, setting, trial))
        except UserError as error:
            missing.append(str(error))
    return found, list(dict.fromkeys(missing))


def _exhibit(run: Run, setting: Setting, trial: int) -> Exhibit:
    prepared = run.data(trial)
    part, rows = measured_part(prepared)
    rows = rows[:MAX_EXAMPLES]
    raw = prepared.dataset.x[rows]
    coded = traits_of(setting.experiment.model).reconstructs and setting.experiment.model.widths
    kernel = _first_kernel(run.params(trial))
    return Exhibit(
        setting=setting,
        trial=trial,
        prepared=prepared,
        part=part,
        rows=rows,
        inputs=np.asarray(prepared.x_scaler(raw.astype(np.float32)), np.float32),
        outputs=run.predict(raw, trial),
        codes=run.predict(raw, trial, encode=True) if coded else None,
        kernel=kernel.reshape(-1, kernel.shape[-1]),
        kernel_shape=(kernel.shape[0], kernel.shape[1]) if kernel.ndim == 4 else prepared.dataset.image_shape,
    )


def _first_kernel(params: Any) -> np.ndarray:
    """Give the kernel of the first layer: of a dense network [d, h], of a convolution [height, width, 1, maps]."""
    return np.asarray(params["layer_0" if "layer_0" in params else "C1"]["kernel"])


class Detail(NamedTuple):
    """How a reconstruction fares outside what pixels can be (deck section 7: "far too detailed").

    Attributes:
      clipped: mean squared error after clipping the outputs to [0, 1].
      outside: share of the outputs outside [0, 1].
      background: mean square of the outputs where the input is exactly 0; NaN where none is.
    """

    clipped: float
    outside: float
    background: float


def detail(exhibit: Exhibit) -> Detail:
    """Measure a reconstruction of inputs in [0, 1]."""
    outputs, background = exhibit.outputs, exhibit.inputs == 0
    clipped = float(np.mean(np.square(np.clip(outputs, 0, 1) - exhibit.inputs)))
    outside = float(np.mean((outputs < 0) | (outputs > 1)))
    noise = float(np.mean(np.square(outputs[background]))) if background.any() else float("nan")
    return Detail(clipped, outside, noise)
