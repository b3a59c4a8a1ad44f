"""Keras 3 in `scripts/bench.py`: as its users write it, or tuned (one compiled model reused, many steps a call).

python -m scripts.peers.keras_peer tiny tuned --trials=256 --epochs=50 --part=0/2 --out=FILE
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from scripts.peers.command import curves_of, read_arguments, write_results


def network(task):
    """Dense layers with Keras's defaults."""
    layers = [keras.Input((task.widths[0],))]
    for width in task.widths[1:-1]:
        layers += [keras.layers.Dense(width, activation=task.activation)] + [keras.layers.Dropout(task.dropout)] * (
            task.dropout > 0
        )
    return keras.Sequential([*layers, keras.layers.Dense(task.widths[-1], "sigmoid" if task.copies else "softmax")])


def compile_model(task, model, rate, decay, **options):
    """Give a model its optimizer, loss and metric."""
    if task.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=decay, epsilon=1e-8)
    elif task.optimizer == "momentum":
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, weight_decay=decay)
    else:
        optimizer = keras.optimizers.Adadelta(rate, rho=0.95, epsilon=1e-7)
    loss = "binary_crossentropy" if task.copies else "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, metrics=[] if task.copies else ["accuracy"], **options)


class Clock(keras.callbacks.Callback):
    """Seconds of every epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        """Look at the clock."""
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Look again."""
        self.seconds.append(time.perf_counter() - self.begin)


def fit(task, model, trial, curves):
    """Train one model with Keras's own loop, note its curves and give the seconds of its epochs."""
    clock = Clock()
    sizes = {"batch_size": task.batch_size, "epochs": task.epochs, "validation_batch_size": 500}
    history = model.fit(*task.train, validation_data=task.validation, verbose=0, callbacks=[clock], **sizes).history
    names = ("loss", "val_loss", "val_accuracy")[: 2 if task.copies else 3]
    for epoch, values in enumerate(zip(*(history[name] for name in names), strict=True)):
        curves.add(trial, epoch, *values)
    return clock.seconds


def plain(task, curves):
    """A new model for every trial."""
    begin = time.perf_counter()
    for trial, (rate, decay, seed) in enumerate(zip(task.rates, task.decays, task.seeds, strict=True)):
        keras.utils.set_random_seed(int(seed))
        keras.backend.clear_session()
        model = network(task)
        compile_model(task, model, float(rate), float(decay))
        fit(task, model, trial, curves)
    return time.perf_counter() - begin


def search(task, curves):
    """The settings of a search, one after another, each a new model."""
    begin = time.perf_counter()
    for trial, one in enumerate(task.settings):
        own = curves_of(one)
        plain(one, own)
        curves.values[:, trial] = own.values[:, 0]
    return time.perf_counter() - begin


def tuned(task, curves):
    """One model: its weights, its optimizer's variables and its rate are set anew for every trial.

    Keras's decay is a Python number in the compiled step, so trials are sorted by it and each decay compiles once.
    """
    steps = -(-len(task.train[0]) // task.batch_size)
    seconds = []
    for decay in np.unique(task.decays):
        own = np.flatnonzero(task.decays == decay)
        model = network(task)
        compile_model(task, model, 1e-3, float(decay), steps_per_execution=min(steps, 100))
        start = None
        for trial in own:
            keras.utils.set_random_seed(int(task.seeds[trial]))
            model.set_weights([weight.numpy() for weight in keras.models.clone_model(model).weights])
            if start is not None:
                for variable, value in zip(model.optimizer.variables, start, strict=True):
                    variable.assign(value)
            elif model.optimizer.built is False:
                model.optimizer.build(model.trainable_variables)
                start = [np.array(variable) for variable in model.optimizer.variables]
            model.optimizer.learning_rate.assign(task.rates[trial])
            epochs = fit(task, model, trial, curves)
            seconds += epochs if trial != own[0] else epochs[1:]  # the first one compiles
    return float(np.mean(seconds)) * len(task.rates) * task.epochs


VARIANTS = {"plain": plain, "tuned": tuned, "search": search}

if __name__ == "__main__":
    arguments, task = read_arguments(VARIANTS)
    curves = curves_of(task)
    write_results(arguments, task, curves, VARIANTS[arguments.variant](task, curves))
