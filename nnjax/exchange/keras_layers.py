"""Keras 3's layers as nnjax's: the one table of what is read. A layer's activation is a layer of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnjax.core.errors import UserError
from nnjax.core.fields import coerce
from nnjax.models.imported_layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalPooling2D,
    Layer,
    Pooling2D,
    Rescaling,
    Reshape,
    UpSampling2D,
    ZeroPadding2D,
)

Config = Mapping[str, Any]
SIDES = tuple[int, ...]

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


def _sides(config: Config, name: str) -> tuple[int, ...]:
    return coerce(config[name], SIDES, name)


def _number(config: Config, name: str) -> float:
    return coerce(config[name], float, name)


def _dense(config: Config) -> list[Layer]:
    _only(config, lora_rank=None, quantization_config=None)
    layer = Dense(coerce(config["units"], int, "units"), coerce(config["use_bias"], bool, "use_bias"))
    return [layer, *_activation(config["activation"])]


def _conv(config: Config) -> list[Layer]:
    _images_last(config)
    _only(config, lora_rank=None, quantization_config=None)
    layer = Conv2D(
        coerce(config["filters"], int, "filters"),
        _sides(config, "kernel_size"),
        _sides(config, "strides"),
        str(config["padding"]),
        _sides(config, "dilation_rate"),
        coerce(config["groups"], int, "groups"),
        coerce(config["use_bias"], bool, "use_bias"),
    )
    return [layer, *_activation(config["activation"])]


def _pool(kind: str) -> Callable[[Config], list[Layer]]:
    def read(config: Config) -> list[Layer]:
        _images_last(config)
        return [Pooling2D(kind, _sides(config, "pool_size"), _sides(config, "strides"), str(config["padding"]))]

    return read


def _global_pool(kind: str) -> Callable[[Config], list[Layer]]:
    def read(config: Config) -> list[Layer]:
        _images_last(config)
        return [GlobalPooling2D(kind, coerce(config["keepdims"], bool, "keepdims"))]

    return read


def _flatten(config: Config) -> list[Layer]:
    _images_last(config)
    return [Reshape((-1,))]


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
    scale, center = (coerce(config[name], bool, name) for name in ("scale", "center"))
    return [BatchNormalization(_number(config, "epsilon"), scale, center)]


def _upsampling(config: Config) -> list[Layer]:
    _images_last(config)
    _only(config, interpolation="nearest")
    return [UpSampling2D(_sides(config, "size"))]


def _padding(config: Config) -> list[Layer]:
    _images_last(config)
    (top, bottom), (left, right) = config["padding"]
    return [ZeroPadding2D(coerce((top, bottom, left, right), SIDES, "padding"))]


LAYERS: dict[str, Callable[[Config], list[Layer]]] = {
    "Dense": _dense,
    "Conv2D": _conv,
    "MaxPooling2D": _pool("max"),
    "AveragePooling2D": _pool("average"),
    "GlobalMaxPooling2D": _global_pool("max"),
    "GlobalAveragePooling2D": _global_pool("average"),
    "Flatten": _flatten,
    "Reshape": lambda config: [Reshape(_sides(config, "target_shape"))],
    "Activation": lambda config: _activation(config["activation"]),
    "ReLU": _relu,
    "LeakyReLU": lambda config: [Activation("leaky_relu", _number(config, "negative_slope"))],
    "ELU": lambda config: [Activation("elu", _number(config, "alpha"))],
    "Softmax": _softmax,
    "BatchNormalization": _batch_normalization,
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _padding,
    "Rescaling": lambda config: [Rescaling(_number(config, "scale"), _number(config, "offset"))],
}
_AS_ACTIVATION = ("ReLU", "LeakyReLU", "ELU", "Softmax")

# Layers that change nothing once training is over.
IDENTITIES = (
    *("InputLayer", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
    *("ActivityRegularization", "Identity"),
)
