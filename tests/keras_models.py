"""Models of Keras 3 with random weights, made here, and how they are written."""

import functools
import pathlib
import tempfile
import warnings

import jax
import numpy as np


def layers():
    """Keras's layers, imported where a test asks for them."""
    import keras

    return keras.layers


def mlp(sizes=(9, 7, 5), last="softmax", name="relu"):
    import keras

    inner = [layers().Dense(width, name) for width in sizes[1:-1]]
    return keras.Sequential([keras.Input(sizes[:1]), *inner, layers().Dense(sizes[-1], last)])


def lenet():
    import keras

    k = layers()
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            k.Conv2D(6, 5, padding="same", activation="tanh"),
            k.AveragePooling2D(2),
            k.Conv2D(16, 5, activation="tanh"),
            k.AveragePooling2D(2),
            k.Flatten(),
            k.Dropout(0.3),
            k.Dense(120, "tanh"),
            k.Dense(84, "tanh"),
            k.Dense(10, "softmax"),
        ]
    )


def every_layer():
    """Two sides that differ, strides, dilation, groups, both paddings, models within the model, no biases."""
    import keras

    k = layers()
    inner = keras.Sequential(
        [k.Conv2D(6, 3, dilation_rate=2, use_bias=False), k.LeakyReLU(0.3), k.BatchNormalization()]
    )
    return keras.Sequential(
        [
            keras.Input((20, 17, 2)),
            k.Rescaling(1 / 3, -0.2),
            k.GaussianNoise(0.1),
            k.ZeroPadding2D(((1, 2), (0, 3))),
            k.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="gelu"),
            k.AveragePooling2D((3, 2), strides=(2, 3), padding="same"),
            k.UpSampling2D((2, 3)),
            k.Conv2D(4, 3, groups=2, activation=keras.activations.silu),
            inner,
            k.MaxPooling2D(2, strides=1, padding="same"),
            k.SpatialDropout2D(0.5),
            k.Conv2D(8, 3, padding="same"),
            k.ReLU(max_value=6.0),
            k.BatchNormalization(scale=False, epsilon=0.01),
            k.Reshape((-1, 8)),
            k.Dense(3, "elu", use_bias=False),
            k.Activation("softplus"),
            k.Flatten(),
            k.Dense(6, "hard_sigmoid"),
            k.ELU(0.7),
            k.Softmax(),
        ]
    )


def functional(pooling="GlobalAveragePooling2D"):
    """A chain written as a graph, its layers listed in another order than they are applied in."""
    import keras

    k = layers()
    start = keras.Input((8, 8, 3))
    x = k.Conv2D(5, 3, strides=2, padding="same", activation="selu", name="last_by_name")(start)
    x = getattr(k, pooling)(keepdims=pooling.startswith("GlobalMax"))(x)
    x = mlp((5, 4, 3), "tanh", "softsign")(k.Flatten()(x))
    return keras.Model(start, k.Dense(2, "sigmoid", name="a_first_by_name")(x))


MODELS = {
    "mlp": mlp,
    "autoencoder": functools.partial(mlp, (12, 4, 2, 4, 12), "sigmoid", "tanh"),
    "lenet": lenet,
    "every_layer": every_layer,
    "functional_average": functional,
    "functional_max": functools.partial(functional, "GlobalMaxPooling2D"),
}


@functools.cache
def made(name):
    """A model by name with drawn weights; moving variances are positive, nothing is zero."""
    rng = np.random.default_rng(len(name))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        model = MODELS[name]()
        for variable in model.weights:
            array = rng.uniform(0.05, 0.5, variable.shape) * rng.choice((-1, 1), variable.shape)
            variable.assign(np.abs(array) if "variance" in variable.path else array)
    return model


def inputs(model, n=11):
    """Raw inputs [n, *shape] float32."""
    return np.random.default_rng(0).normal(size=(n, *model.input_shape[1:])).astype(np.float32)


def truth(model, x):
    """Keras's outputs, flat."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        return np.asarray(jax.jit(lambda x: model(x, training=False))(x)).reshape(len(x), -1)


def written(model, name="model.keras"):
    """The bytes of the file that Keras writes: model.keras, or model.weights.h5 of the weights alone."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras 3.15's, of NumPy 2
        path = pathlib.Path(folder, name)
        (model.save if name.endswith(".keras") else model.save_weights)(path)
        return path.read_bytes()
