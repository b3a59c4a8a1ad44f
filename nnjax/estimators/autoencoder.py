"""The autoencoder as a transformer: codes out, copies back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted

from nnjax.core.types import Float
from nnjax.estimators.inputs import Examples, read_inputs, without_zeros
from nnjax.estimators.mlp_base import ACTIVATION_NAMES, BaseMLP, activation_name, losses_of
from nnjax.nn.activations import ACTIVATIONS


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseMLP):
    """A network that learns to give its input through a narrow layer, whose values are the codes.

    `transform` gives the codes, `inverse_transform` makes copies of them, and `score` is minus the mean square of what
    copies differ from the inputs. Inputs train as they are: scale them first (a `StandardScaler` or `MinMaxScaler`
    before it in a `Pipeline`). Parameters that `MLPClassifier` has too mean the same.

    Args:
      hidden_layer_sizes: of all layers between the input and its copy; the narrowest is the code.
      output_activation: of the copy: "identity", "logistic" for inputs in [0, 1], or another of nnjax's; "auto" is
        "logistic" with "binary_crossentropy", else "identity".
      loss: "squared_error" (its curve is the mean square), "mean_absolute_error", "huber", or for inputs in [0, 1]
        "binary_crossentropy".

    Attributes:
      loss_curve_, validation_curve_, verdict_, n_iter_, coefs_, intercepts_: as of `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "output_activation": [StrOptions({"auto", *ACTIVATIONS, *ACTIVATION_NAMES})],
        "loss": [StrOptions({"squared_error", *losses_of("numbers", "probabilities")})],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 8, 64),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0,
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
        output_activation: str = "auto",
        loss: Any = "squared_error",
        dropout: float = 0.0,
        kernel_init: str = "auto",
        bias_init: str = "zeros",
    ):
        self._set_parameters(locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Autoencoder:
        """Train on X [n, d]; y is ignored.

        Raises:
          ValueError: as scikit-learn words it; also where training diverged.
        """
        x = read_inputs(self, X, reset=True)
        if self.loss == "binary_crossentropy" and (x.min() < 0 or x.max() > 1):
            raise ValueError(
                "Some value(s) of X are out of the valid range of the loss 'binary_crossentropy', [0, 1]: put a "
                "MinMaxScaler(clip=True) before, or take loss='squared_error'."
            )
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, x, ensure_non_negative=True)
        self._fit(without_zeros(Examples(x, None, weights)))
        return self

    def transform(self, X: Any) -> Float[np.ndarray, "n c"]:
        """Return the codes of X [n, d]."""
        return self._outputs(X, "codes").astype(_type_of(X))

    def inverse_transform(self, X: Any) -> Float[np.ndarray, "n d"]:
        """Return the copies that codes X [n, c] stand for.

        Raises:
          ValueError: they have another width than the codes.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32)
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {codes.shape[1]} features, but the codes of {type(self).__name__} have {self._n_features_out}."
            )
        return self._fitted.apply("copies", codes).astype(_type_of(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean square of what the copies of X [n, d] differ from it."""
        copies = self._outputs(X)
        return -float(np.mean((copies - read_inputs(self, X, reset=False)) ** 2))

    @property
    def _n_features_out(self) -> int:
        return min(kernel.shape[1] for kernel in self.coefs_[:-1])

    def _kind(self) -> str:
        if not np.size(self.hidden_layer_sizes):
            raise ValueError(f"hidden_layer_sizes must name the code at least, got {self.hidden_layer_sizes}.")
        return "autoencoder"

    def _loss(self, examples: Examples) -> tuple[Any, str]:
        probable = self.loss == "binary_crossentropy"
        output = activation_name(self.output_activation)
        if output == "auto":
            output = "sigmoid" if probable else "linear"
        elif probable and not ACTIVATIONS[output].stays_within(0, 1):
            raise ValueError(f"binary_crossentropy needs outputs in [0, 1], got output_activation={output!r}.")
        return ("mean_squared_error" if self.loss == "squared_error" else self.loss), output


def _type_of(X: Any) -> type:
    """Return the type of codes and copies: that of the inputs, where they are float32, else float64."""
    return np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
