"""What multilayer perceptrons and autoencoders with scikit-learn's parameters have in common."""

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.core.object_refs import ObjectRef
from nnjax.core.types import Float
from nnjax.estimators.base import NetworkEstimator, optimizer_of
from nnjax.estimators.inputs import Examples, TargetScale, read_classes, read_numbers
from nnjax.nn.activations import ACTIVATIONS
from nnjax.nn.initializers import BIAS_INITS, KERNEL_INITS
from nnjax.nn.loss_functions import LOSSES
from nnjax.nn.optimizers import OPTIMIZERS
from nnjax.nn.schedules import SCHEDULES

ACTIVATION_NAMES = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's, where it has others
OUTPUT_NAMES = {"linear": "identity", "sigmoid": "logistic"}
_HIDDEN = {name for name, record in ACTIVATIONS.items() if record.has_gradient and not record.distribution}


def losses_of(*compared: str) -> set[str]:
    """Name the losses that compare such targets with outputs (`Loss.compares`)."""
    return {name for name, loss in LOSSES.items() if loss.compares in compared}


def activation_name(activation: Any) -> str:
    """Name an activation as nnjax does, given scikit-learn's name, nnjax's, or of an output a function."""
    return ACTIVATION_NAMES.get(activation, activation) if isinstance(activation, str) else ObjectRef(activation)


class BaseMLP(NetworkEstimator):
    """The parameters of scikit-learn's multilayer perceptrons, and those beside them."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(_HIDDEN | set(ACTIVATION_NAMES))],
        "solver": [StrOptions(set(OPTIMIZERS)), callable],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions(set(SCHEDULES)), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "kernel_init": [StrOptions({"auto", *KERNEL_INITS})],
        "bias_init": [StrOptions(set(BIAS_INITS))],
    }

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        given = np.atleast_1d(np.asarray(self.hidden_layer_sizes))
        if given.size and given.dtype.kind not in "iu":
            raise ValueError(f"hidden_layer_sizes must be integers, got {given.tolist()}.")
        widths = tuple(given.astype(int).tolist())
        if any(width < 1 for width in widths):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {list(widths)}.")
        loss, output = self._loss(examples)
        halved = examples.classes is None and loss == "mean_squared_error"
        hyper: dict[str, Any] = {"l2": self.alpha / (size if halved else 2 * size)}
        if self.dropout:
            hyper["dropout"] = self.dropout
        optimizer, numbers = optimizer_of(self, self.learning_rate_init, hyper, halved)
        return Experiment(
            model=ModelConfig(
                self._kind(), widths, activation_name(self.activation), output, self.kernel_init, self.bias_init
            ),
            optimizer=optimizer,
            hyperparameters=numbers,
            loss=loss,
        )

    def _kind(self) -> str:
        return "mlp"

    def _loss(self, examples: Examples) -> tuple[Any, str]:
        """Name the loss and the output activation."""
        raise NotImplementedError

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The kernels of the layers, each [inputs, units]."""
        check_is_fitted(self)
        return [layer["kernel"] for layer in self._layers()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of the layers, each [units]."""
        check_is_fitted(self)
        return [layer["bias"] for layer in self._layers()]

    def _layers(self) -> list[dict[str, np.ndarray]]:
        params = self._fitted.variables.params
        return [params[f"layer_{i}"] for i in range(len(params))]

    @property
    def n_layers_(self) -> int:
        """Layers, those of inputs and outputs included."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        check_is_fitted(self)
        return self._fitted.num_outputs

    @property
    def out_activation_(self) -> str:
        """The output activation, as scikit-learn names it."""
        check_is_fitted(self)
        name = str(self._fitted.model.output_activation)
        return OUTPUT_NAMES.get(name, name)


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Classifiers whose networks learn the indices of classes."""

    classes_: np.ndarray
    warm_start: bool
    class_weight: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X [n, d] and labels y [n].

        Raises:
          ValueError: as scikit-learn words it; a model that does not fit the data; training that diverged.
        """
        known = getattr(self, "classes_", None) if self.warm_start else None
        examples = read_classes(self, X, y, sample_weight, self.class_weight, known)
        self.classes_ = examples.labels()
        self._fit(examples)
        return self


class ProbabilisticClassifier(NetworkClassifier):
    """Classifiers whose networks yield probabilities: one column for two classes, or one a class."""

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n classes"]:
        """Return the probability of each class, in the order of `classes_`."""
        p = self._outputs(X)
        if p.shape[1] == 1:
            return np.concatenate([1 - p, p], axis=1)
        return p / p.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> Float[np.ndarray, "n classes"]:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each example [n]."""
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]


class ScaledRegressor(RegressorMixin, NetworkEstimator):
    """Regressors whose networks learn scaled targets."""

    warm_start: bool
    target_scaling: str

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X [n, d] and numbers y [n] or [n, k].

        Raises:
          ValueError: as scikit-learn words it; a model that does not fit the data; training that diverged.
        """
        going_on = self.warm_start and hasattr(self, "_scale")
        examples = read_numbers(self, X, y, sample_weight, reset=not going_on)
        self._refuse_unfit(examples.numbers())
        if not going_on:
            self._scale = TargetScale.fit(examples.numbers(), examples.weights, self._standardizes())
        self._single = examples.single
        self._fit(examples._replace(y=self._scale(examples.numbers())))
        return self

    def predict(self, X: Any) -> Float[np.ndarray, "n ..."]:
        """Return the numbers of each example, [n] or [n, k] as the targets were."""
        outputs = self._outputs(X)  # which raises NotFittedError
        z = self._scale.inverse(outputs)
        return z[:, 0] if self._single else z

    def _refuse_unfit(self, y: np.ndarray) -> None:
        """Refuse targets [n, k] that the loss cannot take."""

    def _standardizes(self) -> bool:
        return self.target_scaling == "standard"
