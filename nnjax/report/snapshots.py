"""Snapshots of trained networks: one trial for each of the best settings, with its weights, outputs and codes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, ModelConfig
from nnjax.core.types import Params, Prepared
from nnjax.data.baselines import measured_part
from nnjax.exchange.network import codes, compiled_outputs, outputs
from nnjax.models.model import Variables
from nnjax.models.registry import make_model, traits_of
from nnjax.runs import epoch_weights
from nnjax.runs.run import Run
from nnjax.runs.settings import Setting, report_part, representative, scored_with, weights_words
from nnjax.runs.weights import in_batches

MAX_SNAPSHOTS = 6
MAX_EXAMPLES = 20_000  # the first of the part; a confusion matrix of more says nothing else


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkSnapshot:
    """One trained network with its outputs on the examples of the report's part."""

    setting: Setting  # which it stands for
    trial: int  # its id
    prepared: Prepared  # its data
    part: str  # "test", "validation" or "training"
    rows: np.ndarray  # [n] indices of the examples
    inputs: np.ndarray  # [n, d] float32, scaled
    outputs: np.ndarray  # [n, k] float32; of a regression in the target's own units
    codes: np.ndarray | None  # [n, width] float32 of an autoencoder; None otherwise
    kernel: np.ndarray  # [d, h], of the first layer; of a convolution [height * width, maps]; [0, 0] of a user's model
    kernel_shape: tuple[int, int] | None  # (height, width) of a column of the kernel that is an image; None elsewhere
    params: Params  # its weights: those with which the part is scored
    # the weights of some epochs, where they were kept and the inputs are a plane (`Run.keep_epochs`)
    epochs: Mapping[int, Params] = dataclasses.field(default_factory=dict)

    @property
    def label(self) -> str:
        """The setting's label."""
        return self.setting.label

    @property
    def weights(self) -> str:
        """Say which of its weights these are."""
        return weights_words(scored_with(self.part))

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
        """Height and width of the inputs where they are images."""
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
        """Turn scaled images [n, d] into brightness in [0, 1], [n, height, width]."""
        assert self.image_shape is not None
        raw = np.asarray(self.prepared.x_scaler.inverse(values)) / full_scale(self.prepared)
        return np.clip(np.nan_to_num(raw), 0, 1).reshape(-1, *self.image_shape)


def full_scale(prepared: Prepared) -> float:
    """The raw value that is shown as white."""
    data = prepared.dataset
    return data.full_scale or (255.0 if data.x.dtype == np.uint8 else max(float(data.x.max()), 1e-12))


def shown_trials(run: Run, some: Sequence[Setting], ranked: Mapping[str, Sequence[Setting]]) -> dict[Setting, int]:
    """Choose the settings to show, each with the trial that stands for it.

    Args:
      run: theirs.
      some: all settings, of which those without weights are left out.
      ranked: the same by goal, the best first; of more than `MAX_SNAPSHOTS` settings each goal shows its best.
    """
    found = {setting: representative(run, setting) for setting in some}
    able = {setting: trial for setting, trial in found.items() if trial is not None}
    orders = [[setting for setting in own if setting in able] for own in ranked.values()]
    longest = max(map(len, orders), default=0)
    chosen = [order[i] for i in range(longest) for order in orders if i < len(order)][:MAX_SNAPSHOTS]
    return able if len(able) <= MAX_SNAPSHOTS else {setting: able[setting] for setting in chosen}


def coders(some: Sequence[NetworkSnapshot], images: bool = False) -> list[NetworkSnapshot]:
    """Choose the autoencoders of the first one's data, if asked only those of images."""
    able = [one for one in some if one.codes is not None and (one.image_shape is not None or not images)]
    return [one for one in able if one.setting.experiment.data == able[0].setting.experiment.data]


def take_snapshots(run: Run, shown: Mapping[Setting, int]) -> tuple[list[NetworkSnapshot], list[str]]:
    """Evaluate the networks to show; sentences name the data or weights that are missing."""
    found, missing = [], []
    alike: dict[tuple[ModelConfig, DataConfig], Callable[[Variables], Any]] = {}  # compiled functions
    for setting, trial in shown.items():
        try:
            found.append(_take_snapshot(run, setting, trial, alike))
        except UserError as error:
            missing.append(str(error))
    return found, list(dict.fromkeys(missing))


def _has_code(model: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether it is an autoencoder that says what its code is; a user's does by a method `encode`."""
    traits = traits_of(model)
    if not traits.reconstructs:
        return False
    return make_model(model, shape, 0).encode is not None if traits.own else bool(model.widths)


def _take_snapshot(run: Run, setting: Setting, trial: int, alike: dict[Any, Any]) -> NetworkSnapshot:
    """Apply a trial's network to the part that is shown."""
    prepared, network = run.data(trial), run.network(trial, scored_with(report_part(setting)))
    own = traits_of(setting.experiment.model).own
    key = setting.experiment.model, setting.experiment.data
    if key not in alike and not own:
        alike[key] = compiled_outputs(network)
    function = outputs(network) if own else alike[key](network.variables)
    part, rows = measured_part(prepared, report_part(setting))
    rows = rows[:MAX_EXAMPLES]
    raw = prepared.dataset.x[rows]
    raw = raw if raw.dtype == np.float64 else raw.astype(np.float32)
    coded = _has_code(setting.experiment.model, prepared.facts().example_shape)
    kernel = np.zeros((0, 0)) if own else _first_kernel(network.params)
    return NetworkSnapshot(
        setting=setting,
        trial=trial,
        prepared=prepared,
        part=part,
        rows=rows,
        inputs=prepared.inputs(rows),
        outputs=in_batches(function, raw),
        codes=in_batches(codes(network), raw) if coded else None,
        kernel=kernel.reshape(-1, kernel.shape[-1]) if kernel.size else kernel,
        kernel_shape=_kernel_shape(kernel, prepared),
        params=network.params,
        epochs=_epochs(run, trial, network.variables) if prepared.facts().num_inputs == 2 else {},
    )


def _epochs(run: Run, trial: int, variables: Variables) -> dict[int, Params]:
    return {epoch: found.params for epoch, found in epoch_weights.read(run, trial, variables).items()}


def _kernel_shape(kernel: np.ndarray, prepared: Prepared) -> tuple[int, int] | None:
    if kernel.ndim == 4:
        return kernel.shape[0], kernel.shape[1]
    return prepared.dataset.image_shape if kernel.size else None


def _first_kernel(params: Any) -> np.ndarray:
    """Return the kernel of the first layer: of a dense network [d, h], of a convolution [height, width, 1, maps]."""
    return np.asarray(params["layer_0" if "layer_0" in params else "C1"]["kernel"])


class Detail(NamedTuple):
    """How far a reconstruction leaves the range of pixels (lecture slides, section 7: "far too detailed")."""

    clipped: float  # mean squared error after clipping the outputs to [0, 1]
    outside: float  # share of the outputs outside [0, 1]
    background: float  # mean square of the outputs where the input is exactly 0; NaN where none is


def detail(snapshot: NetworkSnapshot) -> Detail:
    """Measure a reconstruction of inputs in [0, 1]."""
    outputs, background = snapshot.outputs, snapshot.inputs == 0
    clipped = float(np.mean(np.square(np.clip(outputs, 0, 1) - snapshot.inputs)))
    outside = float(np.mean((outputs < 0) | (outputs > 1)))
    noise = float(np.mean(np.square(outputs[background]))) if background.any() else float("nan")
    return Detail(clipped, outside, noise)
