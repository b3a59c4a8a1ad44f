"""What is measured inside networks while they train, layer by layer."""

import dataclasses

import numpy as np

from nnjax.core.types import Float


@dataclasses.dataclass(frozen=True, eq=False)
class LayerStatistics:
    """What was measured inside m networks of p layers while they trained, at t epochs' ends; NaN where not known.

    Attributes:
      layers: names of the p layers, input first.
      gradient_norm: [m, t, p]; the Euclidean norm of the loss's gradient by a layer's weights.
      update_ratio: [m, t, p]; norm of a step's update over norm of the weights; about 1e-3 is healthy.
      dead_share: [m, t, p]; share of a layer's ReLU units that are 0 for every example looked at.
      saturated_share: [m, t, p]; share of a layer's sigmoid or tanh outputs within 2 % of their range's ends.
      activation_variance: [m, t, p]; over examples, mean over units.
    """

    layers: tuple[str, ...]
    gradient_norm: Float[np.ndarray, "m t p"]
    update_ratio: Float[np.ndarray, "m t p"]
    dead_share: Float[np.ndarray, "m t p"]
    saturated_share: Float[np.ndarray, "m t p"]
    activation_variance: Float[np.ndarray, "m t p"]


LAYER_STATISTICS = tuple(field.name for field in dataclasses.fields(LayerStatistics))[1:]  # all but the layers' names
