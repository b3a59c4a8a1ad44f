"""Shared types: data sets, splits, scalers and the state of a trial.

Dimensions, everywhere: n examples, b batch, d inputs, k outputs, m trials (lanes), t time (steps or epochs). Shapes
stand in signatures as jaxtyping reads them: "b d", "" for scalars, "... k" for any leading axes; single names after a
space, " b", which linters would take for types otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

import numpy as np

from nnjax.core.columns import TableRecipe
from nnjax.core.multi_input import Part, Structure

if TYPE_CHECKING:
    import jax

    from nnjax.core.experiment import DataConfig
    from jaxtyping import Bool as Bool, Float as Float, Int as Int, Num as Num, Shaped as Shaped, UInt as UInt  # isort: skip

    Array = jax.Array | np.ndarray
    Key = jax.Array  # a typed JAX PRNG key (Threefry)
else:  # neither JAX nor jaxtyping is imported, so that this module loads at once
    Array = Key = Any
    Bool = Float = Int = Num = Shaped = UInt = Annotated
Scalar = Float[Array, ""]
Count = Int[Array, ""]  # int32; of steps, epochs or examples
Params = Any  # a pytree of float32 arrays
Metrics = dict[str, Float[Array, "..."]]  # metric name -> values
Arrays = Mapping[str, Shaped[np.ndarray, "..."]]  # name -> array, as in files


class Rows(Protocol):
    """Inputs [n, d]: a NumPy array, or what reads from a file those rows that are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows as they come."""
        ...

    def __len__(self) -> int:
        """Count the rows."""
        ...

    def __getitem__(self, index: Any, /) -> Num[np.ndarray, "r d"]:
        """Return rows by index or slice: [r, d]."""
        ...

    def max(self) -> Any:
        """Find the largest number."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Examples as they lie in their source: unscaled and not yet split.

    Attributes:
      name: the name it was asked for by, such as "mnist" or "csv:houses.csv".
      source: where it was found (path, package), for the report.
      x: [n, d] inputs; uint8 for images, float32 otherwise, float64 where distinct numbers would merge in float32;
        always flat and finite, but of a table NaN for missing cells, until it is prepared. They may lie in a file.
      y: [n] int32 class indices (task "classification"), [n, k] float32 (or, as x, float64) targets ("regression"), or
        None ("none").
      task: "classification", "regression" or "none" (no labels).
      sha256: hex digest of x and y as stored, so that a run can say which data it saw.
      classes: class names by index; empty unless the task is classification.
      label_type: of the labels that the names stand for: "bool", "int", "float" or "text"; "" where the
        classes were named.
      features: names of the d inputs; empty for images.
      targets: names of the k regression targets.
      image_shape: (height, width) when x is flattened images.
      shape: of one example as it was given, for models that read it so: (h, w, c), (t, features); () for (d,).
      tabular: whether the inputs are named columns of a table.
      test_start: examples from this index on are the source's own test set; None if it has none.
      validation_start: those from this index to the test set are its own validation set; None if it has none.
      full_scale: the value that scaling "unit" brings to 1 (16 for scikit-learn's digits); None for 255 where x is
        uint8 and 1 elsewhere.
      weights: [n] float32, above 0, with which examples count in losses and metrics; None where all count alike.
      recipe: how the columns of a table became the inputs; None for data that are no table.
      groups: [n] numbers of the groups whose examples belong together; None where each stands for itself.
      dates: columns [n] by name by which a split by time may go, NaN where one is missing.
      said: what was guessed while reading, and remarks, a sentence each.
      reread: reads a table in memory, or one-hot rows, again as another configuration says; None for other data.
      parts: the arrays that the d inputs are, where they were given as several (`nnjax.core.multi_input`).
    """

    name: str
    source: str
    x: Rows
    y: Num[np.ndarray, "n ..."] | None
    task: str
    sha256: str
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    test_start: int | None = None
    validation_start: int | None = None
    full_scale: float | None = None
    shape: tuple[int, ...] = ()
    weights: Float[np.ndarray, " n"] | None = None
    tabular: bool = False
    recipe: TableRecipe | None = None
    groups: Int[np.ndarray, " n"] | None = None
    dates: Mapping[str, Float[np.ndarray, " n"]] = dataclasses.field(default_factory=dict)
    said: tuple[str, ...] = ()
    reread: Callable[[DataConfig], Dataset] | None = None
    parts: tuple[Part, ...] = ()
    label_type: str = ""


class Scaler(NamedTuple):
    """The affine map (x - mean) * scale, fitted on training examples only."""

    mean: Float[np.ndarray, "..."]  # float32, [] or [d]; float64 where x is, which is scaled before it is cast
    # likewise; 1 where a feature does not vary, 0 where it is left out (of a table, constant in training)
    scale: Float[np.ndarray, "..."]

    def __call__(self, x: Num[Array, "... d"]) -> Float[Array, "... d"]:
        """Scale x [..., d]."""
        return (x - self.mean) * self.scale

    def inverse(self, z: Float[Array, "... d"]) -> Float[Array, "... d"]:
        """Undo the scaling of z [..., d]."""
        scale = self.scale
        if isinstance(scale, np.ndarray) and not scale.all():
            scale = np.where(scale == 0, np.ones_like(scale), scale)
        return z / scale + self.mean

    @property
    def wide(self) -> bool:
        """Whether it is of float64: what it scales is scaled on the host, before it is cast."""
        return np.asarray(self.mean).dtype == np.float64


@dataclasses.dataclass(frozen=True, eq=False)
class DataFacts:
    """What must be known of a data set to use a network trained on it, without the examples."""

    name: str  # name, source, sha256, task, classes, label_type, features, targets, image_shape: as in `Dataset`
    source: str
    sha256: str
    task: str
    num_inputs: int  # d
    num_targets: int  # columns of y as stored: 1 for class labels, 0 without labels
    sizes: tuple[int, int, int]  # how many examples the parts train, validation and test hold
    x_scaler: Scaler  # x_scaler, y_scaler: as in `Prepared`
    y_scaler: Scaler
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    recipe: TableRecipe | None = None  # as in `Dataset`, with what fills in missing cells
    shape: tuple[int, ...] = ()  # of one example, () where that is not known (of runs made before)
    parts: tuple[Part, ...] = ()  # as in `Dataset`
    weighted: bool = False  # whether its examples have weights
    label_type: str = ""

    @property
    def example_shape(self) -> tuple[int, ...]:
        """The shape of one example: (d,) where none is known; of several arrays their `Structure`."""
        return Structure(self.parts) if self.parts else self.shape or (self.num_inputs,)


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """A data set with its split and its scalers: everything a population needs to train.

    Attributes:
      dataset: the examples.
      train, validation, test: int32 indices into the data set, each [n_part]; validation and test may be empty.
        With `validation="test"` (as in the lecture slides) the validation indices are the test indices.
      x_scaler, y_scaler: fitted on the training part; y_scaler is the identity unless target_scaling asks for more.
      said: remarks, those of the data set included.
      room: examples, training and validation examples to pad the arrays for, so that one program serves several data
        sets; None for their own numbers.
    """

    dataset: Dataset
    train: Int[np.ndarray, " n_train"]
    validation: Int[np.ndarray, " n_validation"]
    test: Int[np.ndarray, " n_test"]
    x_scaler: Scaler
    y_scaler: Scaler
    said: tuple[str, ...] = ()
    room: tuple[int, int, int] | None = None

    def inputs(self, rows: Any) -> Float[np.ndarray, "r d"]:
        """Scale inputs by index as the network reads them: float32 [r, d]."""
        x = self.dataset.x[rows]
        x = x if x.dtype == np.float64 else x.astype(np.float32)
        return np.asarray(self.x_scaler(x), np.float32)

    def weights_of(self, rows: Int[np.ndarray, " r"]) -> Float[np.ndarray, " r"] | None:
        """Return the weights of examples by index, float64; None where all count alike (as NumPy takes it)."""
        known = self.dataset.weights
        return None if known is None else known[rows].astype(np.float64)

    def facts(self) -> DataFacts:
        """Describe the data without the examples."""
        data = self.dataset
        num_targets = 0 if data.y is None else 1 if data.y.ndim == 1 else data.y.shape[1]
        return DataFacts(
            name=data.name,
            source=data.source,
            sha256=data.sha256,
            task=data.task,
            num_inputs=data.x.shape[1],
            num_targets=num_targets,
            sizes=(len(self.train), len(self.validation), len(self.test)),
            x_scaler=self.x_scaler,
            y_scaler=self.y_scaler,
            classes=tuple(data.classes),
            features=tuple(data.features),
            targets=tuple(data.targets),
            image_shape=data.image_shape,
            recipe=data.recipe,
            shape=data.shape,
            parts=data.parts,
            weighted=data.weights is not None,
            label_type=data.label_type,
        )


class Gathered(NamedTuple):
    """What of a batch has been seen: the weighted sum of its gradients, as the weights, and the sum of the weights."""

    grads: Params
    weight: Float[Array, "..."]


class TrialState(NamedTuple):
    """What a trial needs to go on training: arrays only. In a population every field has leading axes.

    Attributes:
      params: the weights, a pytree of float32 arrays.
      opt_state: the Optax state.
      step: int32 []; optimizer steps taken.
      seed: uint32 []; initialization, order and dropout are drawn from it, each by its own folded key.
      loss_sum: float32 []; sum over the examples seen in the current epoch of the training loss.
      weight_sum: float32 []; the number of examples seen in the current epoch, or the sum of their weights.
      best_params: the weights at the epoch of the lowest validation loss.
      best_value: float32 []; that loss.
      best_epoch: int32 []; that epoch, counted from 1; 0 before the first.
      bad_step: int32 []; the first step whose loss was not finite, counted from 1; 0 while there is none.
      model_state: what the model changes in training without gradients (batch statistics); {} for most.
      best_model_state: that at the best epoch.
      gathered: of a batch that is gathered from several; None elsewhere.
    """

    params: Params
    opt_state: Any
    step: Int[Array, "..."]
    seed: UInt[Array, "..."]
    loss_sum: Float[Array, "..."]
    weight_sum: Float[Array, "..."]
    best_params: Params
    best_value: Float[Array, "..."]
    best_epoch: Int[Array, "..."]
    bad_step: Int[Array, "..."]
    model_state: Any = {}  # noqa: RUF012 (never changed)
    best_model_state: Any = {}  # noqa: RUF012
    gathered: Gathered | None = None
