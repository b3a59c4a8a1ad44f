"""Convert Keras 3's layers to ours. A layer's activation becomes a layer of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.fields import coerce, field_types
from nnjax.models import imported_layers as ours
from nnjax.models.imported_layers import Activation, Layer

Config = Mapping[str, Any]
Reader = Callable[[Config], list[Layer]]
NO_NAMES: Mapping[str, str] = {}

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
    if (
        isinstance(value, Mapping)
        and value.get("module") == "keras.layers"
        and value.get("class_name") in _AS_ACTIVATION
    ):
        return LAYERS[value["class_name"]](value["config"])
    if value is None:
        return []
    if not isinstance(value, str) or value not in ACTIVATIONS:
        name = value.get("config", value) if isinstance(value, Mapping) else value
        raise UserError(f"It has an activation {str(name)[:80]!r}; those that are read: {', '.join(ACTIVATIONS)}.")
    return [] if value == "linear" else [ACTIVATIONS[value]]


def _images_last(config: Config) -> None:
    if config.get("data_format", "channels_last") != "channels_last":
        raise UserError(f"It has the data_format {str(config['data_format'])!r}, but channels_last was expected.")


def _only(config: Config, **expected: Any) -> None:
    """Refuse an option with another value than the only one that is read."""
    for name, value in expected.items():
        if config.get(name, value) != value:
            raise UserError(f"It has a layer with {name} {str(config[name])[:80]!r}, but only {value!r} is read.")


def _make(layer: Any, config: Config, keras_names: Mapping[str, str] = NO_NAMES, **given: Any) -> Layer:
    """Make a layer of Keras's options of the same names, or of those in `keras_names`."""
    hints = {name: hint for name, hint in field_types(layer).items() if name not in given}
    keys = {name: keras_names.get(name, name) for name in hints}
    return layer(**given, **{name: coerce(config[keys[name]], hint, keys[name]) for name, hint in hints.items()})


def _dense(config: Config) -> list[Layer]:
    _only(config, lora_rank=None, quantization_config=None)
    return [_make(ours.Dense, config), *_activation(config["activation"])]


def _conv(config: Config) -> list[Layer]:
    _images_last(config)
    _only(config, lora_rank=None, quantization_config=None)
    layer = _make(ours.Conv2D, config, {"size": "kernel_size", "dilation": "dilation_rate"})
    return [layer, *_activation(config["activation"])]


def _image_layer(layer: type[Layer], keras_names: Mapping[str, str] = NO_NAMES, **given: Any) -> Reader:
    """Read a layer of images, their channels last."""

    def read(config: Config) -> list[Layer]:
        _images_last(config)
        return [_make(layer, config, keras_names, **given)]

    return read


def _relu(config: Config) -> list[Layer]:
    _only(config, threshold=0.0)
    if config.get("max_value") is None:
        slope = float(config.get("negative_slope") or 0.0)
        return [Activation("leaky_relu", slope) if slope else Activation("relu")]
    _only(config, max_value=6.0, negative_slope=0.0)
    return [Activation("relu6")]


def _softmax(config: Config) -> list[Layer]:
    _only(config, axis=-1)
    return [Activation("softmax")]


def _batch_normalization(config: Config) -> list[Layer]:
    _only(config, axis=-1, renorm=False)
    return [_make(ours.BatchNormalization, config)]


def _upsampling(config: Config) -> list[Layer]:
    _images_last(config)
    _only(config, interpolation="nearest")
    return [_make(ours.UpSampling2D, config, {"factors": "size"})]


def _padding(config: Config) -> list[Layer]:
    _images_last(config)
    (top, bottom), (left, right) = config["padding"]
    return [ours.ZeroPadding2D(coerce((top, bottom, left, right), tuple[int, ...], "padding"))]


LAYERS: dict[str, Reader] = {
    "Dense": _dense,
    "Conv2D": _conv,
    "MaxPooling2D": _image_layer(ours.Pooling2D, {"size": "pool_size"}, kind="max"),
    "AveragePooling2D": _image_layer(ours.Pooling2D, {"size": "pool_size"}, kind="average"),
    "GlobalMaxPooling2D": _image_layer(ours.GlobalPooling2D, kind="max"),
    "GlobalAveragePooling2D": _image_layer(ours.GlobalPooling2D, kind="average"),
    "Flatten": _image_layer(ours.Reshape, shape=(-1,)),
    "Reshape": lambda config: [_make(ours.Reshape, config, {"shape": "target_shape"})],
    "Activation": lambda config: _activation(config["activation"]),
    "ReLU": _relu,
    "LeakyReLU": lambda config: [_make(Activation, config, {"value": "negative_slope"}, name="leaky_relu")],
    "ELU": lambda config: [_make(Activation, config, {"value": "alpha"}, name="elu")],
    "Softmax": _softmax,
    "BatchNormalization": _batch_normalization,
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _padding,
    "Rescaling": lambda config: [_make(ours.Rescaling, config)],
}
_AS_ACTIVATION = ("ReLU", "LeakyReLU", "ELU", "Softmax")

# Layers that change nothing once training is over.
IDENTITIES = (
    *("InputLayer", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
    *("ActivityRegularization", "Identity"),
)
