"""What a Keras model was compiled with: the same numbers as `model.fit`, or a sentence that names what is left out."""

import dataclasses
import pathlib
import re
import warnings

import numpy as np
import pytest
from own_functions import BLOBS, X, Y, experiment
from own_models import keras as K

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.object_refs import ObjectRef
from nnjax.models.adapters.compiled import as_experiment, with_compiled
from nnjax.models.adapters.keras import to_keras
from nnjax.models.user_models import model_of
from nnjax.nn.user_functions import standard_rules

layers, losses, optimizers, schedules = K.layers, K.losses, K.optimizers, K.optimizers.schedules
TARGET = (X @ np.array([[0.5], [-1.0], [0.2], [0.3]]) + 0.1).astype(np.float32)
NUMBERS = nnjax.from_arrays(X, TARGET[:, 0], name="numbers")
ALL = experiment(None)  # all examples train, in their order
EPOCHS = 2

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15's


def net(*more, last=1, activation=None, **options):
    """Dense 6, whatever is given, Dense `last`."""
    dense = layers.Dense(6, activation="tanh", **options)
    return K.Sequential([K.Input((4,)), dense, *more, layers.Dense(last, activation=activation)])


def swept(model, data, **changes):
    """Train as the model was compiled, for two epochs on all examples in their order."""
    compiled = as_experiment(model)
    fields = {name: getattr(compiled, name) for name in ("model", "loss", "optimizer", "hyperparameters", "metrics")}
    return nnjax.sweep(dataclasses.replace(ALL, **fields, epochs=EPOCHS, **changes), data=data)


def assert_as_fit(model, data=NUMBERS, y=None, **compiled):
    """Compare a trial with `fit` of a model that begins with the same weights."""
    model.compile(**compiled)
    given = [np.array(v.value) for v in model.variables]
    run = swept(model, data)
    plain = to_keras(model, model_of(ObjectRef(model)).draw(0))
    config = as_experiment(model).loss  # compile again, with an optimizer that has not run
    assert config == run.specs[0].experiment.loss
    with standard_rules(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh = type(model.optimizer).from_config(model.optimizer.get_config())
        plain.compile(**compiled | {"optimizer": fresh})
        y = y if y is not None else TARGET if data is NUMBERS else Y
        history = plain.fit(X, y, batch_size=32, epochs=EPOCHS, shuffle=False, verbose=0).history["loss"]
    curve = run.records[0].curves["train_loss"]
    np.testing.assert_allclose(curve[0], history[0], rtol=1e-5)
    np.testing.assert_allclose(curve, history, rtol=1e-4)
    back = run.keras_model(0)
    for a, b in zip(back.weights, plain.weights, strict=True):
        if "seed" not in b.path:
            np.testing.assert_allclose(a.value, b.value, rtol=1e-4, atol=2e-5)
    with standard_rules():
        np.testing.assert_allclose(np.asarray(back(X[:9])), np.asarray(plain(X[:9])), rtol=1e-4, atol=2e-5)
    for a, b in zip(given, model.variables, strict=True):  # the user's model is as it was
        np.testing.assert_array_equal(a, b.value)
    return run


def also_slow(cases, quick):
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in cases]


OPTIMIZERS = {
    "plain": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01, beta_1=0.8, epsilon=1e-3),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "adam with decay": lambda: optimizers.Adam(0.01, weight_decay=0.1, global_clipnorm=0.5),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "clipped": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
    "each array clipped": lambda: optimizers.SGD(0.1, clipnorm=0.1),
    "each number clipped": lambda: optimizers.Adam(0.01, clipvalue=0.02),
    "amsgrad": lambda: optimizers.Adam(0.05, beta_2=0.5, amsgrad=True, weight_decay=0.1, clipnorm=0.2),
}
SCHEDULES = {
    "cosine": lambda: schedules.CosineDecay(0.1, 10),
    "cosine after a warmup": lambda: schedules.CosineDecay(0.0, 8, warmup_target=0.1, warmup_steps=4),
    "cosine with restarts": lambda: schedules.CosineDecayRestarts(0.1, 5),
    "exponential": lambda: schedules.ExponentialDecay(0.1, 3, 0.5),
    "staircase": lambda: schedules.ExponentialDecay(0.1, 3, 0.5, staircase=True),
    "inverse time": lambda: schedules.InverseTimeDecay(0.1, 3, 0.5),
    "piecewise": lambda: schedules.PiecewiseConstantDecay([2, 6], [0.1, 0.05, 0.01]),
    "polynomial": lambda: schedules.PolynomialDecay(0.1, 8, power=2.0),
    "polynomial in cycles": lambda: schedules.PolynomialDecay(0.1, 3, cycle=True),
}


@pytest.mark.parametrize("name", also_slow(OPTIMIZERS, ["adam with decay"]))
def test_optimizers(name):
    assert_as_fit(net(), optimizer=OPTIMIZERS[name](), loss="mse")


@pytest.mark.parametrize("name", also_slow(SCHEDULES, ["cosine after a warmup"]))
def test_schedules(name):
    assert_as_fit(net(), optimizer=optimizers.SGD(SCHEDULES[name](), momentum=0.9), loss="mse")


def test_a_rate_beside_a_schedule_is_refused():
    model = net()
    model.compile(optimizer=optimizers.SGD(schedules.CosineDecay(0.1, 10)), loss="mse")
    with pytest.raises(UserError, match="learning_rate is set, but the schedule CosineDecay gives the rate itself"):
        nnjax.sweep(model, {"learning_rate": [0.1]}, data=NUMBERS)


@K.saving.register_keras_serializable()
class Adds(layers.Layer):
    """Adds a term of its own to the loss."""

    def call(self, x):
        self.add_loss(0.01 * K.ops.sum(x * x))
        return x


class Subclass(K.Model):
    def __init__(self, width=5, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.first, self.last = layers.Dense(width, "tanh"), layers.Dense(1)

    def call(self, x):
        return self.last(self.first(x))

    def get_config(self):
        return {"width": self.width}


def subclass(make=Subclass, **options):
    model = make(**options)
    with standard_rules():
        model(X[:2])
    return model


class Plain(K.Model):
    """A class without options, as most are written: another one of it is made by its name."""

    def __init__(self):
        super().__init__()
        self.norm, self.first, self.last = layers.BatchNormalization(), layers.Dense(5, "tanh"), layers.Dense(1)

    def call(self, x, training=False):
        return self.last(self.first(self.norm(x, training=training)))


def frozen(more):
    model = net(more)
    model.layers[1].trainable = False
    return model


def frozen_in_a_class():
    model = subclass(Plain)
    model.first.trainable = False
    return model


def normalized():
    layer = layers.Normalization()
    layer.adapt(3 * X + 1)
    return K.Sequential([K.Input((4,)), layer, layers.Dense(6, "tanh"), layers.Dense(1)])


MODELS = {
    "regularizers of weights": lambda: net(kernel_regularizer="l2", bias_regularizer="l1"),
    "a regularizer of activations": lambda: net(activity_regularizer=K.regularizers.L2(0.01)),
    "ActivityRegularization": lambda: net(layers.ActivityRegularization(l1=0.01)),
    "add_loss": lambda: net(Adds()),
    "a frozen layer": lambda: frozen(layers.Dense(5)),
    "frozen statistics": lambda: frozen(layers.BatchNormalization()),
    "batch statistics": lambda: net(layers.BatchNormalization()),
    "a Normalization": normalized,
    "a subclass": lambda: subclass(width=7),
    "a subclass without options": lambda: subclass(Plain),
    "a frozen layer of a subclass": frozen_in_a_class,
}


@pytest.mark.parametrize("name", also_slow(MODELS, ["add_loss", "a Normalization", "a subclass"]))
def test_models(name):
    assert_as_fit(MODELS[name](), optimizer=optimizers.SGD(0.05), loss="mse")


FACTOR = 3.0  # which Keras does not find where it writes a function down and reads it again


def test_functions_of_lambda_layers_are_taken_over():
    """Also in a model within a model."""
    inner = K.Sequential([K.Input((4,)), layers.Lambda(lambda x: FACTOR * K.ops.abs(x))])
    model = K.Sequential([K.Input((4,)), inner, layers.Dense(1)])
    one = to_keras(model, model_of(ObjectRef(model)).draw(0))
    with standard_rules():
        found = np.asarray(one(X))
    np.testing.assert_allclose(found, 3 * np.abs(X) @ np.asarray(one.variables[0].value), rtol=1e-5, atol=1e-6)


def test_logits_and_probabilities():
    from_logits = losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean")
    one = assert_as_fit(net(last=3), BLOBS, optimizer=optimizers.SGD(0.1), loss=from_logits, metrics=["accuracy"])
    assert one.specs[0].experiment.metrics == ("accuracy",)
    probabilities = losses.SparseCategoricalCrossentropy()
    assert_as_fit(net(last=3, activation="softmax"), BLOBS, optimizer=optimizers.SGD(0.1), loss=probabilities)


def test_smoothed_labels():
    """Of the training loss, as fit counts it; val_loss is of the labels as they are."""
    categorical = losses.CategoricalCrossentropy(label_smoothing=0.2, from_logits=True)
    assert_as_fit(net(last=3), BLOBS, np.eye(3)[Y], optimizer=optimizers.Adam(0.1, clipnorm=0.05), loss=categorical)
    two = nnjax.from_arrays(X, Y > 0, name="two")
    binary = losses.BinaryCrossentropy(label_smoothing=0.2)
    run = assert_as_fit(
        net(activation="sigmoid"), two, (Y > 0)[:, None], optimizer=optimizers.Adam(0.1, amsgrad=True), loss=binary
    )
    assert run.specs[0].experiment.hyperparameters.label_smoothing == 0.2


def test_how_keras_runs_is_ignored():
    faster = {"jit_compile": True, "steps_per_execution": 2, "run_eagerly": False}
    assert_as_fit(net(), optimizer=optimizers.SGD(0.1), loss="huber", **faster)


def crossentropy(**options):
    return losses.SparseCategoricalCrossentropy(**options)


def mine(y, p):
    return K.ops.mean(y - p)


def excluding():
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize(
    ("compiled", "words"),
    [
        ({"loss": crossentropy(reduction="sum")}, r"SparseCategoricalCrossentropy has reduction='sum'"),
        ({"loss": crossentropy(reduction=None)}, r"has reduction=None"),
        ({"loss": crossentropy(ignore_class=0)}, r"has ignore_class=0"),
        ({"loss": crossentropy(axis=1)}, r"has axis=1"),
        ({"loss": crossentropy(dtype="float16")}, r"has dtype='float16'"),
        ({"loss": losses.BinaryCrossentropy(label_smoothing=0.1)}, r"has label_smoothing=0\.1"),
        ({"loss": losses.Huber(2.0)}, r"loss Huber has delta=2\.0"),
        ({"loss": losses.CategoricalFocalCrossentropy()}, r"the loss CategoricalFocalCrossentropy, which nnjax does"),
        ({"loss": mine}, r"the loss mine, which nnjax does not know"),
        ({"loss": ["mse", "mse"]}, r"with 2 losses, but one"),
        ({"loss": None}, r"with no loss"),
        ({"loss": crossentropy(from_logits=True)}, r"ends in softmax, but its loss was compiled with from_logits=True"),
        ({"loss_weights": [0.5]}, r"with loss_weights, which"),
        ({"weighted_metrics": [K.metrics.MeanSquaredError(), K.metrics.Precision()]}, r"the metric Precision, which"),
        ({"metrics": ["binary_accuracy"]}, r"BinaryAccuracy counts each of 3 outputs by itself"),
        ({"metrics": [K.metrics.BinaryAccuracy(threshold=0.3)]}, r"BinaryAccuracy has threshold=0\.3"),
        ({"metrics": [K.metrics.SparseTopKCategoricalAccuracy(k=2)]}, r"metric SparseTopKCategoricalAccuracy, which"),
        ({"metrics": [K.metrics.Precision(class_id=1)]}, r"the metric Precision, which nnjax does not know"),
        ({"metrics": [K.metrics.AUC(curve="PR")]}, r"metric AUC has curve='PR'"),
        ({"metrics": [K.metrics.Accuracy()]}, r"the metric Accuracy, which nnjax does not know"),
        ({"metrics": [[mine]]}, r"the metric mine, which nnjax does not know"),
        ({"optimizer": optimizers.SGD(use_ema=True)}, r"has use_ema=True.*ema_decay=…"),
        ({"optimizer": optimizers.SGD(loss_scale_factor=2.0)}, r"has loss_scale_factor=2\.0"),
        ({"optimizer": optimizers.SGD(gradient_accumulation_steps=2)}, r"has gradient_accumulation_steps=2"),
        ({"optimizer": optimizers.SGD(lambda: 0.1)}, r"has a function as its learning rate"),
        ({"optimizer": optimizers.RMSprop(centered=True)}, r"has centered=True"),
        ({"optimizer": optimizers.RMSprop(momentum=0.9)}, r"RMSprop has momentum=0\.9"),
        ({"optimizer": optimizers.Adagrad(initial_accumulator_value=0.2)}, r"has initial_accumulator_value=0\.2"),
        ({"optimizer": optimizers.Lion()}, r"the optimizer Lion, which nnjax does not know"),
        (
            {"optimizer": optimizers.LossScaleOptimizer(optimizers.SGD())},
            r"the optimizer LossScaleOptimizer \(which float16 needs: mixed_bfloat16 does without\)",
        ),
        ({"optimizer": excluding()}, r"AdamW has exclude_from_weight_decay, but nnjax decays all weights"),
        ({"model": net(last=3)}, r"ends in no activation, but its loss categorical_crossentropy takes probabilities"),
        ({"model": subclass()}, r"is a class of its own, whose end is not known, but its loss"),
    ],
)
def test_refused_by_name(compiled, words):
    model = compiled.pop("model", None) or net(last=3, activation="softmax")
    model.compile(**{"optimizer": "sgd", "loss": crossentropy()} | compiled)
    with pytest.raises(UserError, match=words) as caught:
        nnjax.sweep(model, data=BLOBS)
    assert "\n" not in str(caught.value)


def several(inputs, outputs):
    some = [K.Input((4,), name=f"in_{i}") for i in range(inputs)]
    x = some[0] if inputs == 1 else layers.Add()(some)
    return K.Model(some, [layers.Dense(1, name=f"out_{i}")(x) for i in range(outputs)])


class Pair(Subclass):
    def call(self, x):
        return {"one": super().call(x), "two": super().call(x)}


class Forgets(K.Model):
    """Has no get_config of its own; Keras 3.15 writes down the defaults of its options, not what they are."""

    def __init__(self, act="tanh", **kwargs):
        super().__init__(**kwargs)
        self.first, self.last = layers.Dense(5, act), layers.Dense(1)

    def call(self, x):
        return self.last(self.first(x))


class Unwritable(K.Model):
    def __init__(self, function):
        super().__init__()
        self.function, self.dense = function, layers.Dense(1)

    def call(self, x):
        return self.dense(self.function(x))


class Steps(K.Model):
    def train_step(self, *given, **more):
        return {}


def functional(model=K.Model, inputs=(4,), **options):
    start = K.Input(inputs)
    return model(start, layers.Dense(1, **options)(start))


def stateful():
    with standard_rules():
        return K.Sequential([K.Input((4, 1), batch_size=32), layers.LSTM(2, stateful=True), layers.Dense(1)])


def built_only():
    model = Subclass()
    model.built = True
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: functional(Steps), r"class Steps has a train_step of its own, which nnjax does not call"),
        (
            lambda: functional(kernel_constraint="non_neg"),
            r"dense\w*/kernel have the constraint NonNeg, which nnjax does",
        ),
        (stateful, r"The layer lstm\w* is stateful"),
        (built_only, r"has no weights yet: .*or call it once on examples"),
        (lambda: several(1, 2), r"has 2 outputs, out_0, out_1, but nnjax trains models of one"),
        (lambda: several(2, 1), r"has 2 inputs, in_0, in_1, but the data have 1: give .*'in_0': …"),
        (lambda: subclass(Pair), r"The model yields a dict of 2 arrays for 97 examples"),
        (lambda: subclass(Forgets, act="relu"), r"a copy of it cannot be made \(it computes something else\)"),
        (lambda: subclass(Unwritable, function=lambda x: x), r"cannot be drawn anew for each seed.*get_config"),
    ],
)
def test_models_that_are_refused(make, words):
    with pytest.raises(UserError, match=words) as caught:
        nnjax.sweep(make(), data=NUMBERS)
    assert "\n" not in str(caught.value)


def test_seeds_of_initializers_are_said_once():
    model, said = net(kernel_initializer=K.initializers.GlorotUniform(seed=1)), []
    still = dataclasses.replace(ALL, model=model, loss="mean_squared_error", epochs=1)
    still = dataclasses.replace(still, hyperparameters=nnjax.Hyperparameters(learning_rate=0.0))
    run = nnjax.sweep(still, {"seed": range(3)}, data=NUMBERS, log=said.append)
    [remark] = [line for line in said if "seed of their own" in line]
    assert f"Initializers of {model.layers[0].name} have" in remark
    drawn = [[np.asarray(v.value) for v in run.keras_model(trial).weights] for trial in range(3)]
    for trial in (1, 2):
        np.testing.assert_array_equal(drawn[trial][0], drawn[0][0])
        assert np.abs(drawn[trial][2] - drawn[0][2]).max() > 0.1


def test_random_layers_draw_in_each_lane_as_alone():
    noise = [layers.GaussianNoise(0.5, seed=3), layers.Dropout(0.3, seed=3)]
    images = nnjax.from_arrays(X.reshape(-1, 2, 2, 1), TARGET[:, 0], name="images")
    model = K.Sequential(
        [K.Input((2, 2, 1)), layers.RandomFlip("horizontal", seed=1), layers.Flatten(), *noise, layers.Dense(1)]
    )
    own = dataclasses.replace(ALL, model=model, loss="mean_squared_error", epochs=1)
    plan = nnjax.Plan(devices=1, lanes=4)
    curves = [r.curves["train_loss"][0] for r in nnjax.sweep(own, {"seed": range(4)}, data=images, plan=plan).records]
    assert len(set(curves)) == 4
    alone = nnjax.sweep(own, {"seed": [2]}, data=images, plan=nnjax.Plan(devices=1, lanes=1))
    np.testing.assert_allclose(alone.records[0].curves["train_loss"][0], curves[2], rtol=1e-5)


def test_freezing_a_layer_between_two_sweeps_takes_effect():
    model = net()
    first = nnjax.sweep(dataclasses.replace(ALL, model=model, loss="mean_squared_error"), data=NUMBERS)
    assert len(first.params(0)) == 4
    model.layers[0].trainable = False
    second = nnjax.sweep(dataclasses.replace(ALL, model=model, loss="mean_squared_error"), data=NUMBERS)
    assert len(second.params(0)) == 2
    for a, b in zip(second.keras_model(0).layers[0].weights, model.layers[0].weights, strict=True):
        np.testing.assert_array_equal(a.value, b.value)


@pytest.mark.slow
def test_the_example_of_the_page_trains():
    page = pathlib.Path(__file__).parents[3] / "docs" / "extending" / "keras.md"
    [code] = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(compile(code.replace('"epochs": [5]', '"epochs": [1]'), page.name, "exec"), names)
    with standard_rules():
        outputs = np.asarray(names["best"](names["x"][:3]))
    np.testing.assert_allclose(outputs, names["run"].outputs(names["x"][:3], names["run"].best_trial()), atol=1e-5)


def test_an_experiment_takes_from_compile_what_it_leaves_open():
    model = K.Sequential([K.Input((4,)), K.layers.Dense(1)])
    summed = K.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    model.compile(K.optimizers.SGD(0.3, momentum=0.5), "mse", metrics=["mae"])
    found, said = with_compiled(nnjax.Experiment(model=model, epochs=3))
    assert (found.loss, found.optimizer.name, found.metrics) == (
        "mean_squared_error",
        "momentum",
        ("mean_absolute_error",),
    )
    assert (found.hyperparameters.learning_rate, found.hyperparameters.momentum) == (pytest.approx(0.3), 0.5)
    assert (found.data.scaling, found.data.target_scaling, found.epochs) == (
        "none",
        "none",
        3,
    )  # as `fit` gets them, bytes too
    assert "optimizer momentum, loss mean_squared_error, metrics mean_absolute_error" in said
    assert with_compiled(found)[0] == found
    own = nnjax.Experiment(model=model, loss="huber", hyperparameters=nnjax.Hyperparameters(learning_rate=0.01))
    found, _ = with_compiled(own)
    assert (found.loss, found.optimizer.name, found.hyperparameters.learning_rate) == ("huber", "momentum", 0.01)
    found, _ = with_compiled(nnjax.Experiment(model=model, optimizer=nnjax.OptimizerConfig("adagrad")))
    assert (found.optimizer.name, found.hyperparameters.momentum) == ("adagrad", None)
    model.compile(K.optimizers.SGD(0.3), summed)
    with pytest.raises(UserError, match=r"reduction='sum'.*the loss in nnjax.Experiment\(model=model, loss=…\)"):
        with_compiled(nnjax.Experiment(model=model))
    found, _ = with_compiled(nnjax.Experiment(model=model, loss="binary_crossentropy"))
    assert (found.optimizer.name, found.hyperparameters.learning_rate) == ("sgd", pytest.approx(0.3))


class Gated(layers.Layer):
    """As those of keras.io: without **kwargs and get_config, made with a number that Keras cannot write down."""

    def __init__(self, units, rate=0.5):
        super().__init__()
        self.units, self.rate = units, rate
        self.linear, self.gate = layers.Dense(units), layers.Dense(units, activation="sigmoid")

    def call(self, x):
        return self.rate * self.linear(x) * self.gate(x)


class Halved(layers.Layer):
    """Writes down none of its options, so that a copy would multiply by one half."""

    def __init__(self, factor=0.5, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config()


LOOSE = K.random.SeedGenerator(1)  # in no layer


class Loose(layers.Layer):
    def call(self, x, training=None):
        return x + K.random.normal((1, 4), seed=LOOSE) if training else x


def chain(*some):
    with standard_rules():
        start = z = K.Input((4,))
        for layer in some:
            z = layer(z)
        return K.Model(start, z)


def test_layers_that_keras_cannot_make_again():
    model = chain(Gated(3, rate=np.float32(0.25)), layers.Dense(3, K.ops.gelu), layers.Dense(1))
    found = model_of(ObjectRef(model))
    one, two = (list(map(np.asarray, found.draw(seed).params.values())) for seed in (1, 2))
    assert all((a != b).any() for a, b in zip(one, two, strict=True) if a.ndim == 2)
    w, _, v, _, u, _, last, _ = one
    h = 0.25 * (X @ w) / (1 + np.exp(-X @ v)) @ u
    gelu = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))  # keras.ops.gelu: the approximation
    with standard_rules():
        z = np.asarray(to_keras(model, found.draw(1))(X))
    np.testing.assert_allclose(z, gelu @ last, rtol=1e-4, atol=1e-6)


def test_a_layer_whose_copy_is_another_is_refused():
    with pytest.raises(UserError, match=r"a copy of it cannot be made \(it computes something else\)"):
        model_of(ObjectRef(chain(Halved(2.0), layers.Dense(1))))
    model_of(ObjectRef(chain(Halved(), layers.Dense(1))))


def test_a_generator_of_no_layer_is_said():
    said = [model_of(ObjectRef(chain(some, layers.Dense(1)))).remark for some in (Loose(), layers.Dropout(0.5))]
    assert said[0].startswith("A SeedGenerator that belongs to no layer")
    assert not said[1]
