"""Classifiers made of linear units: perceptron 1958, Adaline 1960, Madaline 1962."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Float
from nnjax.estimators import linear_unit_objectives as objectives
from nnjax.estimators.inputs import Examples
from nnjax.estimators.mlp_base import NetworkClassifier

SGD = OptimizerConfig("sgd")


class LinearUnit(NetworkClassifier):
    """A classifier of linear sums that learns example by example; several classes are learned one against the rest."""

    batch_size = 1
    max_iter: int
    early_stopping: bool
    n_iter_no_change: int | None
    tol: float | None
    _unconverged = (
        "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the fit."
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "warm_start": ["boolean"],
    }

    def decision_function(self, X: Any) -> Float[np.ndarray, "n ..."]:
        """Return the sums of each example: [n] for two classes, of which positive ones mean the second, or [n, k]."""
        z = self._sums(X)
        return z[:, 0] if z.shape[1] == 1 else z

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each example [n]."""
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(int) if z.ndim == 1 else z.argmax(axis=1)]

    @property
    def coef_(self) -> Float[np.ndarray, "k d"]:
        """The weights of each sum."""
        check_is_fitted(self)
        return self._fitted.variables.params["layer_0"]["kernel"].T

    @property
    def intercept_(self) -> Float[np.ndarray, " k"]:
        """The bias of each sum."""
        check_is_fitted(self)
        return self._fitted.variables.params["layer_0"]["bias"]

    def _sums(self, X: Any) -> Float[np.ndarray, "n k"]:
        return self._outputs(X)


class MistakeDriven(LinearUnit):
    """One that learns from wrong answers alone, so that an epoch without any is the end."""

    def _patience(self) -> tuple[float | None, float | None]:
        return super()._patience() if self.early_stopping or self.tol is None else (self.max_iter, 0.0)

    def _learned(self, loss: list[float]) -> bool:
        return loss[-1] == 0


class Perceptron(MistakeDriven):
    """The perceptron of Rosenblatt 1958, with the parameters of scikit-learn's `Perceptron` that it has.

    From weights of 0, on every wrong answer w ← w + eta0 d x. It ends with the first epoch without a wrong answer,
    which comes after at most (R / γ)² of them where a plane separates the classes by γ (Novikoff 1962), or after
    `max_iter` epochs with a `ConvergenceWarning`: scikit-learn's ends earlier, `tol` and `n_iter_no_change` count only
    with `early_stopping`, on the wrong answers of the validation part. With `tol=None` all epochs are trained.
    `loss_curve_` has the wrong answers an example.

    Attributes:
      classes_, coef_ [k, d], intercept_ [k], loss_curve_, n_iter_, verdict_.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **LinearUnit._parameter_constraints,
        "eta0": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: bool | int = False,
        eta0: float = 1.0,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ):
        self._set_parameters(locals())

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        return _linear(objectives.perceptron, self.eta0)


class Adaline(LinearUnit):
    """The adaptive linear element of Widrow & Hoff 1960, which learns by α-LMS.

    From weights of 0, each example takes the share `alpha` off its linear error: w ← w + α (d − w·x) x / (1 + ‖x‖²).
    The others as of `Perceptron`; its loss is half the squared error over 1 + ‖x‖².

    Args:
      alpha: the share, below 2.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **LinearUnit._parameter_constraints,
        "alpha": [Interval(Real, 0, 2, closed="neither")],
    }

    def __init__(
        self,
        *,
        alpha: float = 0.1,
        max_iter: int = 100,
        tol: float | None = 1e-4,
        shuffle: bool = True,
        verbose: bool | int = False,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ):
        self._set_parameters(locals())

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        return _linear(objectives.alpha_lms, self.alpha)


class Madaline(MistakeDriven):
    """Many Adalines before a fixed majority gate, which learn with minimal disturbance (rule MRI, Ridgway 1962).

    Training ends as that of `Perceptron`. The others as of `Adaline`; `coef_` is [k · n_units, d].

    Args:
      n_units: of each gate, an odd number.
      alpha: the share of a chosen unit's linear error that a step takes off.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Adaline._parameter_constraints,
        "n_units": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_units: int = 5,
        *,
        alpha: float = 0.5,
        max_iter: int = 200,
        tol: float | None = 1e-4,
        shuffle: bool = True,
        verbose: bool | int = False,
        random_state: Any = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 10,
        class_weight: Any = None,
        warm_start: bool = False,
    ):
        self._set_parameters(locals())

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        if self.n_units % 2 == 0:
            raise ValueError(f"n_units is {self.n_units}, but a majority needs an odd number.")
        assert examples.classes is not None
        gates = 1 if len(examples.classes) == 2 else len(examples.classes)
        return Experiment(
            model=ModelConfig(objectives.layer_of_units(gates * self.n_units), output_activation="linear"),
            optimizer=SGD,
            hyperparameters=Hyperparameters(learning_rate=self.alpha),
            loss=objectives.minimal_disturbance(self.n_units),
        )

    def _sums(self, X: Any) -> Float[np.ndarray, "n k"]:
        """Return the votes of each gate as a mean; where the gates of classes are equal, the mean sums decide."""
        z = self._outputs(X)
        z = z.reshape(len(z), -1, self.n_units)
        found = objectives.votes(z).mean(axis=-1)
        return found if found.shape[1] == 1 else found + np.tanh(z.mean(axis=-1)) / (2 * self.n_units)


def _linear(objective: Any, rate: float) -> Experiment:
    """Return the training of sums whose weights begin at 0."""
    return Experiment(
        model=ModelConfig("mlp", (), output_activation="linear"),
        optimizer=SGD,
        hyperparameters=Hyperparameters(learning_rate=rate, init_scale=0.0),
        loss=objective,
    )
