"""The multilayer perceptron as a classifier and as a regressor, with scikit-learn's parameters."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions

from nnjax.estimators.inputs import Examples
from nnjax.estimators.mlp_base import BaseMLP, ProbabilisticClassifier, ScaledRegressor, losses_of
from nnjax.nn.loss_functions import LOSSES


class MLPClassifier(ProbabilisticClassifier, BaseMLP):
    """A multilayer perceptron for classes, with the parameters of scikit-learn's `MLPClassifier`.

    They mean the same there, but: `solver` is any of nnjax's optimizers ("sgd" with `momentum` as there; no "lbfgs"),
    `learning_rate` one of its schedules, `activation` one of its activations or scikit-learn's names. `tol` counts as
    the min_delta of Keras's EarlyStopping: an epoch whose loss is not lower by it than the lowest brings nothing; after
    more than `n_iter_no_change` such epochs training ends, with the best weights. With `early_stopping` the loss of a
    share of the examples is watched. Weights are float32.

    Args:
      loss: "log_loss", or another of nnjax's losses.
      dropout: share of each hidden layer's outputs set to zero in training.
      kernel_init: of the kernels; "auto" for "glorot_uniform".
      bias_init: of the biases, "glorot_uniform" as in scikit-learn, or "zeros".
      class_weight: as of other classifiers of scikit-learn.

    Attributes:
      classes_: the labels.
      loss_curve_, validation_curve_: loss of each epoch, the latter with `early_stopping`, else None.
      validation_scores_, best_validation_score_: accuracy of each epoch on the validation part, and the best.
      verdict_: what the curves mean (docs/diagnoses.md).
      coefs_, intercepts_, n_layers_, n_outputs_, out_activation_, n_iter_, loss_, best_loss_, t_, n_features_in_,
        feature_names_in_: as in scikit-learn.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss", *losses_of("distributions", "probabilities", "numbers")}), callable],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | None = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float | None = 10,
        loss: Any = "log_loss",
        dropout: float = 0.0,
        kernel_init: str = "auto",
        bias_init: str = "glorot_uniform",
        class_weight: Any = None,
    ):
        self._set_parameters(locals())

    def _loss(self, examples: Examples) -> tuple[Any, str]:
        assert examples.classes is not None
        if self.loss != "log_loss":
            return self.loss, "auto"
        two = len(examples.classes) == 2
        return ("binary_crossentropy", "sigmoid") if two else ("categorical_crossentropy", "softmax")


class MLPRegressor(ScaledRegressor, BaseMLP):
    """A multilayer perceptron for one number or several, with the parameters of scikit-learn's `MLPRegressor`.

    What differs is said at `MLPClassifier`. Losses are of standardized targets, unless `target_scaling` is "none".

    Args:
      loss: "squared_error" (scikit-learn's; its curve is the mean square, without the half), or another of nnjax's.
      dropout, kernel_init, bias_init: as of `MLPClassifier`.
      target_scaling: "standard" brings targets to a mean of 0 and a variance of 1 for the network, and its outputs
        back; "none" does not; "auto" does where the loss is one of numbers.

    Attributes: as of `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", *losses_of("numbers", "nonnegative numbers")}), callable],
        "target_scaling": [StrOptions({"auto", "standard", "none"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | None = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float | None = 10,
        loss: Any = "squared_error",
        dropout: float = 0.0,
        kernel_init: str = "auto",
        bias_init: str = "glorot_uniform",
        target_scaling: str = "auto",
    ):
        self._set_parameters(locals())

    def _loss(self, examples: Examples) -> tuple[Any, str]:
        return ("mean_squared_error", "linear") if self.loss == "squared_error" else (self.loss, "auto")

    def _refuse_unfit(self, y: np.ndarray) -> None:
        if self.loss in losses_of("nonnegative numbers") and (y < 0).any():
            raise ValueError(f"Some value(s) of y are out of the valid range of the loss {self.loss!r}.")

    def _standardizes(self) -> bool:
        if self.target_scaling != "auto":
            return self.target_scaling == "standard"
        return self.loss == "squared_error" or (self.loss in LOSSES and LOSSES[self.loss].compares == "numbers")
