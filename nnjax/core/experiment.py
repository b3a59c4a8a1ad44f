"""The experiment: data, model, optimizer, hyperparameters (changed by name, and to JSON and back, in `fields`).

An `Experiment` is frozen and hashable. Everything in it is static except the numbers in `Hyperparameters`, `epochs`
and `seed`, which enter the compiled program as arrays (see `Experiment.program_key`).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from nnjax.core import notebook_cards
from nnjax.core.class_weight import ClassWeight
from nnjax.core.field_types import Named, Names, Patterns, Size, Weights, Widths
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.object_refs import ObjectRef

AUTO = "auto"  # left open: `nnjax.checks.defaults` fills it in, by the model and the data
ARRAYS = "arrays"  # the name of data that were passed, which no source has


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which examples, how they are split and scaled.

    Attributes:
      name: a source by name ("mnist5k", "digits", "mnist", "tfds:NAME", "idx:DIR", "csv:FILE", "npz:FILE", "npy:DIR",
        "xor", ...); "arrays" of what was passed to `nnjax.sweep` (data=), which a run folder does not hold.
      data_dir: where to look first for files; None for the standard places.
      target: the target column of a table (name or index), or several separated by commas; None for the source's
        default.
      task: "classification" or "regression"; "auto" for what the target's values look like.
      limit: use only this many training-pool examples (drawn with split_seed); None for all.
      validation: a fraction (float in (0, 1)) or a count (int) of the examples that are not test; 0 for none; None
        takes the source's own validation set, or a tenth where it has none; "given" takes the own set or refuses;
        "test" validates on the test part (so do the slides). With another value an own validation set trains, which is
        said.
      test: a fraction or a count; None takes the source's own test set, nothing where it has only a validation set,
        or else a fifth; 0 for none.
      stratify: keep the shares of the classes equal in all parts.
      split_seed: draws the split; it belongs to the data, not to a trial.
      folds, fold: k-fold cross-validation (Stone 1974): the examples that are not test fall into this many equal parts,
        and part `fold` (from 0) is the validation part, instead of `validation`.
      fold_seed: draws the parts; further values repeat the cross-validation, on the same test part.
      scaling: of the inputs, "unit" (uint8 / 255; other types unchanged), "standard", "minmax" or "none"; "auto" is
        standard for named columns of a table, unit for all others.
      target_scaling: of regression targets, "none", "standard" or "minmax"; losses are then in scaled units. "auto" is
        standard where the loss compares numbers with a linear output, and the data are a table or the loss is left
        open too; else none.
      header: of a table, whether its first row holds names: "auto", "yes" or "no".
      encoding: of a text table; None for UTF-8, or UTF-16 by its mark.
      decimal: the decimal mark of a text table's numbers, "point" or "comma"; "auto" to infer it column by column.
      columns: of a table, the only ones that are inputs; () for all but the target.
      drop: of a table, columns that are no inputs.
      ordinal: columns of texts in an order, as "size:small<medium<large"; other texts become one input each.
      missing: what happens to missing cells: "error"; "drop" leaves out their rows; "mean", "median" or "most_frequent"
        of the training part fill them in (categories: the most frequent one); "indicator" fills in the mean, and a
        further input says where.
      na_values: the texts that stand for missing cells beside empty ones; None for the usual (NA, ?, -, null, ...),
        which "usual" among them stands for.
      unknown: a category at prediction that the table has not: "error", or "unknown" for none of the known ones.
      groups: column whose rows belong together: no group is in two parts. It is no input.
      split: "random"; "time" tests on the latest rows and validates on those before, by the only column of dates (an
        input or not) or else in the order of the rows; "time:COLUMN" by that column.
      augment: what happens to training images, anew in every step: "none", "shift:2" (up to two pixels) or "affine".
      window: training examples on the device at a time, the next ones read meanwhile; it decides their order
        (`nnjax.train.engine.windows`). None for all at once.
    """

    name: str = "mnist5k"
    data_dir: str | None = None
    target: str | None = None
    task: str = "auto"
    limit: int | None = None
    validation: float | int | str | None = None
    test: float | int | None = None
    stratify: bool = True
    split_seed: int = 0
    folds: int | None = None
    fold: int = 0
    fold_seed: int = 0
    scaling: str = AUTO
    target_scaling: str = AUTO
    header: str = "auto"
    encoding: str | None = None
    decimal: str = "auto"
    columns: Names = ()  # type: ignore[assignment]
    drop: Names = ()  # type: ignore[assignment]
    ordinal: Names = ()  # type: ignore[assignment]
    missing: str = "error"
    na_values: Patterns = None  # type: ignore[assignment]
    unknown: str = "error"
    groups: str | None = None
    split: str = "random"
    augment: str = "none"
    window: int | None = None


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The architecture. The widths of the input and of the output come from the data; what is left out, from the kind.

    Attributes:
      kind: "mlp", "autoencoder", "lenet5", "lenet5_modern" or "conv_autoencoder"; or a model of your own, as an object
        or an import path "package.module:name" (docs/extending/model.md), which reads none of widths, activation,
        kernel_init and dtype.
      widths: the hidden widths; of an autoencoder all layers between the input and its copy, the narrowest being the
        code; of LeNet-5 the feature maps of C1 and C3, then the dense layers, (6, 16, 120, 84) as published; of a
        conv_autoencoder the feature maps of its encoder's three convolutions. None for the kind's published ones.
      activation: of the hidden layers; "auto" for the kind's, as with kernel_init.
      output_activation: of the last layer; "auto" by task and loss: softmax for classes, sigmoid for probabilities,
        linear for numbers; of a model and a loss of your own for classes what makes probabilities of the outputs, for
        metrics and predictions alone.
      kernel_init: "glorot_uniform", "he_normal", "lecun_1998", ...
      bias_init: of the biases of dense networks, "zeros" or "glorot_uniform" (scikit-learn's, on the kernel's
        ±sqrt(6 / (fan-in + fan-out))), which matters for few inputs and units; those of other models start at zero.
      dtype: of the computation, "float32" or "bfloat16"; parameters are float32 always.
      trainable: names of the weights that are trained, as patterns ("head/*", or several); all others stay as they are.
        None trains all. `nnjax.summary` lists the names.
      reconstruct: a model of your own learns to give its input, as an autoencoder does, not the labels of the data.
    """

    kind: Named = "mlp"  # type: ignore[assignment]
    widths: Widths = None  # type: ignore[assignment]  # as of all such fields
    activation: str = AUTO
    output_activation: str = AUTO
    kernel_init: str = AUTO
    bias_init: str = "zeros"
    dtype: str = "float32"
    reconstruct: bool = False
    trainable: Patterns = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Wrap an object, and a single pattern."""
        if isinstance(self.trainable, str):
            object.__setattr__(self, "trainable", (self.trainable,))
        if not isinstance(self.kind, str):
            object.__setattr__(self, "kind", ObjectRef(self.kind))


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """The update rule.

    Attributes:
      name: "sgd", "momentum", "nesterov", "adam", "adamw", "adadelta", "rmsprop" or "adagrad".
      preset: whose form and defaults: "optax", "keras2", "keras3", "torch" or (Adadelta only) "zeiler".
      schedule: of the learning rate: "constant", "cosine", "warmup", "warmup_cosine", "exponential", "step" or
        "onecycle".
    """

    name: Named = "adam"  # type: ignore[assignment]
    preset: str = "optax"
    schedule: Named = "constant"  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Wrap objects."""
        for field in ("name", "schedule"):
            if not isinstance(getattr(self, field), str):
                object.__setattr__(self, field, ObjectRef(getattr(self, field)))


if TYPE_CHECKING:
    from nnjax.core.field_types import Field

    Model = Field[ModelConfig, Any]
    Optimizer = Field[OptimizerConfig, Any]
    Metrics = Field[tuple[str | ObjectRef, ...] | None, Any]
else:
    Model, Optimizer, Metrics = ModelConfig, OptimizerConfig, tuple[str | ObjectRef, ...] | None


@dataclasses.dataclass(frozen=True)
class Experiment:
    """All that shapes a trial. What is left open is filled in by the model and the data before anything trains.

    Attributes:
      loss: by its Keras name ("mean_squared_error", "binary_crossentropy", ...); "auto" by the task.
      metrics: further per-example metrics to report beside the loss; None for those usual for the model and the data.
      epochs: passes over the training examples (traced).
      batch_size: examples a step; the last, smaller batch of an epoch is masked, never dropped. None for 128, or where
        fewer train a power of two of at most a quarter of them.
      eval_batch_size: examples a step of an evaluation; changes memory and speed, never what is counted.
      shuffle: a new order every epoch; False keeps the order of the data.
      train_eval_size: training examples re-evaluated at every epoch's end (a fixed subset); None for all, 0 for none.
      seed: of initialization, order and dropout (traced).
      allow_mismatch: train even though the pre-flight checks found an error.
      signals: whether to look inside the network at epochs' ends (`nnjax.core.layer_statistics`), which changes no
        result; None for yes where `nnjax train` trains it, else no.
      class_weight: with what the examples of each class count in the training loss: "balanced" (all classes alike, as
        scikit-learn), one number a class, or a mapping from class name or index to number; None for each example alike.
        As in Keras, evaluations do not weigh classes. Kept as text (`ClassWeight`).
      select: by what the best setting is chosen (`nnjax.train.storage.selection`): "loss", or a metric's name, on the
        validation part at the best epoch's weights, averaged over seeds and folds.
      evaluate_test: "chosen": the test part is evaluated for the chosen setting's trials only, when all have ended;
        "all": for every trial.
      start_weights: file of the weights to start from, such as a run's checkpoints/weights_00017.npz (its final ones
        are taken), one written by `nnjax.save_weights` or by `nnjax export` (.safetensors), or one of Keras 3 with
        the same layers (.keras, .weights.h5) (traced); None for a fresh draw.
    """

    data: DataConfig = DataConfig()
    model: Model = ModelConfig()  # type: ignore[assignment]
    optimizer: Optimizer = OptimizerConfig()  # type: ignore[assignment]
    hyperparameters: Hyperparameters = Hyperparameters()
    loss: Named = AUTO  # type: ignore[assignment]
    metrics: Metrics = None  # type: ignore[assignment]
    epochs: int = 20
    batch_size: Size = None  # type: ignore[assignment]
    eval_batch_size: int = 500
    shuffle: bool = True
    train_eval_size: int | None = 10_000
    seed: int = 0
    allow_mismatch: bool = False
    signals: bool | None = None
    class_weight: Weights = None  # type: ignore[assignment]
    start_weights: str | None = None
    select: str = "loss"
    evaluate_test: str = "chosen"

    def __post_init__(self) -> None:
        """Let a model, a loss, metrics and an optimizer stand as objects, or by name, where their settings do."""
        if not isinstance(self.model, ModelConfig):
            object.__setattr__(self, "model", ModelConfig(self.model))
        if not isinstance(self.optimizer, OptimizerConfig):
            object.__setattr__(self, "optimizer", OptimizerConfig(self.optimizer))
        if not isinstance(self.loss, str):
            object.__setattr__(self, "loss", ObjectRef(self.loss))
        if self.class_weight is not None:
            object.__setattr__(self, "class_weight", ClassWeight(self.class_weight))
        if self.metrics is not None and not isinstance(self.metrics, str):
            some = self.metrics if isinstance(self.metrics, list | tuple) else (self.metrics,)
            object.__setattr__(self, "metrics", tuple(m if isinstance(m, str) else ObjectRef(m) for m in some))

    @functools.cached_property
    def program_key(self) -> Experiment:
        """The static part: trials with equal keys share one compiled program.

        Values of traced fields are replaced by placeholders; which hyperparameters exist is kept.
        """
        zeros: dict[str, Any] = dict.fromkeys(self.hyperparameters.present(), 0)
        hyper = Hyperparameters(**zeros)
        traced: dict[str, Any] = {"hyperparameters": hyper, "epochs": 0, "seed": 0, "start_weights": None}
        signals, evaluate_test = bool(self.signals), Experiment.evaluate_test
        return dataclasses.replace(self, **traced, signals=signals, evaluate_test=evaluate_test)

    @functools.cached_property
    def setting_key(self) -> Experiment:
        """What the trials of one setting have in common: all but seed and fold."""
        data = self.data
        if data.fold or data.fold_seed:
            data = dataclasses.replace(data, fold=0, fold_seed=0)
        return dataclasses.replace(self, data=data, seed=0)

    def _repr_html_(self) -> str:
        """Show it in a notebook: what differs from the defaults."""
        return notebook_cards.card(
            "Experiment", notebook_cards.differences(self, Experiment()) or {"": "all by default"}
        )


class Replicate(NamedTuple):
    """What sets the trials of one setting apart."""

    seed: int
    fold: int
    fold_seed: int


def replicate_of(experiment: Experiment) -> Replicate:
    """Name a trial among those of its setting."""
    return Replicate(experiment.seed, experiment.data.fold, experiment.data.fold_seed)


@dataclasses.dataclass(frozen=True)
class TrialSpec:
    """One trial of a population."""

    id: int  # its number, from 0; the row in trials.csv and in curves.npz
    experiment: Experiment  # complete, with this trial's hyperparameters and seed
    arm: str = ""  # the name of its arm in a comparison of named arms; "" elsewhere
    # the trial whose final weights it starts from; None for `experiment.start_weights`, or a fresh draw
    start_from: int | None = None
