"""Convert Keras 3's layers to ours. A layer's activation becomes a layer of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.coercion import coerce
from nnjax.core.errors import UserError
from nnjax.core.fields import field_types
from nnjax.models import imported_layers as ours
from nnjax.models.imported_layers import Activation, Layer

Config = Mapping[str, Any]
Reader = Callable[[Config], list[Layer]]

# Of Keras's activations by name: nnjax's name, and the number that Keras takes by default.
ACTIVATIONS: dict[str, Activation] = {
    **{
        name: Activation(name)
        for name in (
            *("linear", "relu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "selu", "relu6", "silu"),
            *("mish", "exponential", "hard_sigmoid", "hard_silu", "log_softmax"),
        )
    },
    "gelu": Activation("gelu_erf"),
    "swish": Activation("silu"),
    "hard_swish": Activation("hard_silu"),
    "elu": Activation("elu", 1.0),
    "leaky_relu": Activation("leaky_relu", 0.2),
}


def _activation(value: Any) -> list[Layer]:
    """Read an activation: a name, or a layer that is used as one."""
    layered = isinstance(value, Mapping) and value.get("module") == "keras.layers"
    if layered and value.get("class_name") in _AS_ACTIVATION:
        return LAYERS[value["class_name"]](value["config"])
    if value is None:
        return []
    if not isinstance(value, str) or value not in ACTIVATIONS:
        name = value.get("config", value) if isinstance(value, Mapping) else value
        foreign = ", a function that is not Keras's own" * (name in ACTIVATIONS)
        known = ", ".join(ACTIVATIONS)
        raise UserError(f"It has an activation {str(name)[:80]!r}{foreign}; those of Keras that are read: {known}.")
    return [] if value == "linear" else [ACTIVATIONS[value]]


def _images_last(config: Config) -> None:
    if config.get("data_format", "channels_last") != "channels_last":
        raise UserError(f"It has the data_format {str(config['data_format'])!r}, but channels_last was expected.")


def _only(config: Config, **expected: Any) -> None:
    """Refuse an option with another value than the only one that is read."""
    for name, value in expected.items():
        if config.get(name, value) != value:
            raise UserError(f"It has a layer with {name} {str(config[name])[:80]!r}, but only {value!r} is read.")


def _reader(
    layer: Any,
    keras_names: Mapping[str, str] = {},
    only: Mapping[str, Any] = {},
    images: bool = False,
    activated: bool = False,
    **given: Any,
) -> Reader:
    """Read a layer of ours: its options are Keras's of the same names, or of those in `keras_names`, or are `given`.

    `only` holds options with the only value that is read; `images` must have their channels last; an `activated` layer
    has an activation among its options.
    """

    def read(config: Config) -> list[Layer]:
        """Read the layer's options, and refuse those that ours has not."""
        if images:
            _images_last(config)
        _only(config, **only)
        hints = {name: hint for name, hint in field_types(layer).items() if name not in given}
        keys = {name: keras_names.get(name, name) for name in hints}
        made = layer(**given, **{name: coerce(config[keys[name]], hint, keys[name]) for name, hint in hints.items()})
        return [made, *(_activation(config["activation"]) if activated else [])]

    return read


def _relu(config: Config) -> list[Layer]:
    _only(config, threshold=0.0)
    if config.get("max_value") is None:
        slope = float(config.get("negative_slope") or 0.0)
        return [Activation("leaky_relu", slope) if slope else Activation("relu")]
    _only(config, max_value=6.0, negative_slope=0.0)
    return [Activation("relu6")]


def _leaky_relu(config: Config) -> list[Layer]:
    """Read a slope below zero: Keras 3 calls it negative_slope, Keras 2 alpha."""
    slope = config["negative_slope"] if "negative_slope" in config else config["alpha"]
    return [Activation("leaky_relu", coerce(slope, float, "negative_slope"))]


def _padding(config: Config) -> list[Layer]:
    _images_last(config)
    (top, bottom), (left, right) = config["padding"]
    return [ours.ZeroPadding2D(coerce((top, bottom, left, right), tuple[int, ...], "padding"))]


POOL, NO_ADAPTER = {"size": "pool_size"}, {"lora_rank": None, "quantization_config": None}
CONV = {"size": "kernel_size", "dilation": "dilation_rate"}
LAYERS: dict[str, Reader] = {
    "Dense": _reader(ours.Dense, only=NO_ADAPTER, activated=True),
    "Conv2D": _reader(ours.Conv2D, CONV, NO_ADAPTER, images=True, activated=True),
    "MaxPooling2D": _reader(ours.Pooling2D, POOL, images=True, kind="max"),
    "AveragePooling2D": _reader(ours.Pooling2D, POOL, images=True, kind="average"),
    "GlobalMaxPooling2D": _reader(ours.GlobalPooling2D, images=True, kind="max"),
    "GlobalAveragePooling2D": _reader(ours.GlobalPooling2D, images=True, kind="average"),
    "Flatten": _reader(ours.Reshape, images=True, shape=(-1,)),
    "Reshape": _reader(ours.Reshape, {"shape": "target_shape"}),
    "Activation": lambda config: _activation(config["activation"]),
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _reader(Activation, {"value": "alpha"}, name="elu"),
    "Softmax": _reader(Activation, only={"axis": -1}, name="softmax", value=0.0),
    "BatchNormalization": _reader(ours.BatchNormalization, only={"axis": -1, "renorm": False}),
    "UpSampling2D": _reader(ours.UpSampling2D, {"factors": "size"}, {"interpolation": "nearest"}, images=True),
    "ZeroPadding2D": _padding,
    "Rescaling": _reader(ours.Rescaling),
}
_AS_ACTIVATION = ("ReLU", "LeakyReLU", "ELU", "Softmax")

# Layers that change nothing once training is over.
IDENTITIES = (
    *("InputLayer", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
    *("ActivityRegularization", "Identity"),
)
