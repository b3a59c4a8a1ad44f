"""The models by name, one record of traits each. No JAX and no Flax until a model is built.

To add a model, write its builder in a module of its own, enter its record in `MODELS`, and count its layers in
`layer_counts`.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from nnjax.core.experiment import AUTO, ModelConfig
from nnjax.core.object_refs import ObjectRef, is_path
from nnjax.models import layer_counts, lenet_tables
from nnjax.models.layer_counts import LayerCount

if TYPE_CHECKING:
    from nnjax.models.model import Model

DENSE = "fully connected"


@dataclasses.dataclass(frozen=True, eq=False)
class ModelTraits:
    """A model: how it is built, and what the rest of nnjax has to know of it.

    Attributes:
      name: as in `ModelConfig.kind`.
      builder: "module:function", of (config, num_inputs, num_outputs) -> Model; of a user's, of (config, shape).
      count_layers: (config, num_inputs, num_outputs) -> one row a layer; of a user's, none (`count_own` builds it).
      connectivity: of its layers, in words.
      target: what it learns to give: the "labels" (or numbers) of the data, or its "input".
      output: what enters the output activation: "logits", or negative squared "distances" to each class's pattern.
      image_sides: heights (and widths) of the images that it reads; () where it reads any numbers.
      num_classes: the one number of classes that it can tell apart; None for any.
      error_of: config -> what is wrong with it, in a sentence; "" where nothing is.
      code_width: config -> numbers in its code, the narrowest layer.
      own: it is the user's: it reads examples in their shape, and its output's width is its own business.
      defaults: {field of `ModelConfig`: value where it is left open}.
      loss: that belongs to it; "" where the task decides.
    """

    name: str
    builder: str
    count_layers: Callable[[ModelConfig, int, int], tuple[LayerCount, ...]]
    connectivity: str = DENSE
    target: Literal["labels", "input"] = "labels"
    output: Literal["logits", "distances"] = "logits"
    image_sides: tuple[int, ...] = ()
    num_classes: int | None = None
    error_of: Callable[[ModelConfig], str] = lambda config: ""
    code_width: Callable[[ModelConfig], int] = lambda config: min(config.widths, default=0)
    own: bool = False
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    loss: str = ""

    @property
    def reconstructs(self) -> bool:
        """Whether its target is its input."""
        return self.target == "input"

    def goal(self, task: str) -> str:
        """Name what it is trained for on data of a task: "classification", "regression" or "reconstruction"."""
        return "reconstruction" if self.reconstructs or task == "none" else task

    @property
    def is_dense(self) -> bool:
        """Whether all of its layers are fully connected."""
        return self.connectivity == DENSE

    def reads_images(self, shape: tuple[int, ...], num_inputs: int) -> bool:
        """Whether it can read inputs [num_inputs] that are images of a shape."""
        fits = shape in [(side, side) for side in self.image_sides] and math.prod(shape) == num_inputs
        return fits or not self.image_sides


def _autoencoder_error(config: ModelConfig) -> str:
    empty = "model.widths is empty, but an autoencoder needs a hidden layer for its code: give widths."
    return "" if config.widths else empty


def _lenet5_error(config: ModelConfig) -> str:
    """Refuse to change what LeNet-5 was published with."""
    for name, value in lenet_tables.PUBLISHED.items():
        if (found := getattr(config, name)) != value:
            return (
                f"model.{name} is {found!r}, but lenet5 is the published network, with {value!r}: set model.{name} "
                "so, or model.kind=lenet5_modern, which takes any."
            )
    return ""


def _lenet5_modern_error(config: ModelConfig) -> str:
    needs = f"lenet5_modern begins with the feature maps of C1 and of C3: give {lenet_tables.WIDTHS}, say."
    return "" if len(config.widths) >= 2 else f"model.widths is {config.widths}, but {needs}"


def _conv_autoencoder_error(config: ModelConfig) -> str:
    needs = "a conv_autoencoder has three numbers of feature maps: give (16, 8, 8), say."
    return "" if len(config.widths) == 3 else f"model.widths is {config.widths}, but {needs}"


_ALL = (
    ModelTraits("mlp", "nnjax.models.dense:make_dense", layer_counts.dense, defaults={"widths": (300, 100)}),
    ModelTraits(
        "autoencoder",
        "nnjax.models.dense:make_dense",
        layer_counts.dense,
        target="input",
        error_of=_autoencoder_error,
        defaults={"widths": (128, 64, 128)},  # the slides' digits64
    ),
    ModelTraits(
        "lenet5",
        "nnjax.models.lenet:make_lenet5",
        layer_counts.lenet5,
        "convolutional, C3 by the published table",
        output="distances",
        image_sides=(28, 32),
        num_classes=lenet_tables.NUM_CLASSES,
        error_of=_lenet5_error,
        defaults={**lenet_tables.PUBLISHED, "output_activation": "linear"},
        loss="rbf_map",
    ),
    ModelTraits(
        "lenet5_modern",
        "nnjax.models.lenet:make_lenet5_modern",
        layer_counts.lenet5_modern,
        "convolutional",
        image_sides=(28, 32),
        error_of=_lenet5_modern_error,
        defaults={"widths": lenet_tables.WIDTHS},
    ),
    ModelTraits(
        "conv_autoencoder",
        "nnjax.models.conv_autoencoder:make_conv_autoencoder",
        layer_counts.conv_autoencoder,
        "convolutional",
        target="input",
        image_sides=(28,),
        error_of=_conv_autoencoder_error,
        defaults={"widths": (16, 8, 8)},
        code_width=lambda config: 16 * config.widths[-1],  # its 4 x 4 maps
    ),
)
USUAL = {"activation": "relu", "kernel_init": "glorot_uniform"}  # of kinds that say nothing else
MODELS: dict[str, ModelTraits] = {traits.name: traits for traits in _ALL}


def traits_of(config: ModelConfig) -> ModelTraits:
    """Look up the traits of a configuration's model, ours or the user's; KeyError for an unknown kind."""
    if isinstance(config.kind, ObjectRef) or is_path(config.kind):
        return ModelTraits(
            name=config.kind,
            builder="nnjax.models.user_models:make_own",
            count_layers=lambda *_: (),
            connectivity="its own",
            target="input" if config.reconstruct else "labels",
            own=True,
            defaults={"widths": ()},
        )
    return MODELS[config.kind]


def with_defaults(config: ModelConfig) -> ModelConfig:
    """Fill in what a configuration leaves open and its kind says, but the output activation; KeyError if unknown."""
    known = {**USUAL, **traits_of(config).defaults}
    left = {name: value for name, value in known.items() if getattr(config, name) in (None, AUTO)}
    return dataclasses.replace(config, **left) if left else config


def make_model(config: ModelConfig, inputs: int | tuple[int, ...], num_outputs: int) -> Model:
    """Build the network.

    Args:
      config: of the model.
      inputs: the shape of one example; a number d stands for (d,).
      num_outputs: k.

    Raises:
      KeyError: an unknown kind, activation or kernel_init (`invalid_values.validate` says it as a sentence).
      UserError: a convolutional network for inputs that are not images of a size that it reads; a user's model that
        cannot be used, or is only named.
    """
    config = with_defaults(config)
    traits, shape = traits_of(config), (inputs,) if isinstance(inputs, int) else inputs
    module, _, function = traits.builder.partition(":")
    build: Callable[..., Model] = getattr(importlib.import_module(module), function)
    model = build(config, shape) if traits.own else build(config, math.prod(shape), num_outputs)
    if config.trainable is None:
        return model
    frozen: Model = importlib.import_module("nnjax.models.frozen_weights").freeze(model, config.trainable)
    return frozen


def own_output_shape(config: ModelConfig, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what a user's model yields for one example of a shape; nothing is computed."""
    module = importlib.import_module("nnjax.models.user_models")
    found: tuple[int, ...] = module.output_shape(config, shape)
    return found


def count_own(config: ModelConfig, shape: tuple[int, ...]) -> tuple[LayerCount, ...]:
    """Count the weights of a user's model for examples of a shape."""
    module = importlib.import_module("nnjax.models.user_models")
    found: tuple[LayerCount, ...] = module.count_layers(config, shape)
    return found


def sees_batch(config: ModelConfig, shape: tuple[int, ...]) -> bool:
    """Whether what a model computes of an example may depend on the others of its batch, or it counts batches."""
    if not traits_of(config).own:
        return False
    module = importlib.import_module("nnjax.models.user_models")
    return bool(module.sees_batch(config, shape))


def remark_of(config: ModelConfig) -> str:
    """Return a sentence on how a user's model is used; "" where there is nothing to be said."""
    if not isinstance(config.kind, ObjectRef):
        return ""
    module = importlib.import_module("nnjax.models.user_models")
    return str(module.model_of(config.kind).remark)
