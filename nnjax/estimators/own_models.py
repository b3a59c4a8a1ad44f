"""`NNJAXClassifier` and `NNJAXRegressor`: the user's model (Flax, Keras, Equinox, functions) as an estimator."""

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, Options

from nnjax.core.experiment import Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.estimators.base import NetworkEstimator
from nnjax.estimators.inputs import Examples
from nnjax.estimators.mlp_base import ProbabilisticClassifier, ScaledRegressor, activation_name

PREFIX = "model__"


class OwnModel(NetworkEstimator):
    """What `NNJAXClassifier` and `NNJAXRegressor` share: the model, its parameters, and how it is trained."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "model": "no_validation",
        "input_shape": ["array-like", None],
        "loss": "no_validation",
        "output_activation": "no_validation",
        "solver": [str, callable],
        "learning_rate": [str, callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Options(str, {"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf}), None],
        "hyperparameters": [dict, None],
    }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, those of the model (model__NAME) among them."""
        own = {name: value for name, value in vars(self).items() if name.startswith(PREFIX)}
        return {name: getattr(self, name) for name in self._get_param_names()} | own

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name; any model__NAME goes to the model."""
        for name in [name for name in params if name.startswith(PREFIX)]:
            setattr(self, name, params.pop(name))
        return super().set_params(**params)

    def __sklearn_clone__(self) -> Any:
        """Clone it; the model is shared, so that its program is compiled once."""
        params = self.get_params(deep=False)
        return type(self)(**{n: v if n == "model" else clone(v, safe=False) for n, v in params.items()})

    def _set(self, parameters: dict[str, Any]) -> None:
        """Set the model__ parameters of a constructor; TypeError for another name, as Python words it."""
        for name, value in parameters.items():
            if not name.startswith(PREFIX):
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument {name!r}")
            setattr(self, name, value)

    def _built(self, num_outputs: int) -> Any:
        """Return the model with its parameters: of a class or an instance of Linen a module, of a factory a factory."""
        own = {n.removeprefix(PREFIX): v for n, v in self.get_params().items() if n.startswith(PREFIX)}
        if _asks_for_outputs(self.model) and "num_outputs" not in own:
            own["num_outputs"] = num_outputs
        if isinstance(self.model, type):
            return self.model(**own)
        if not own:
            return self.model
        if dataclasses.is_dataclass(self.model):
            return dataclasses.replace(self.model, **own)  # type: ignore[type-var]
        try:
            return _with_parameters(self.model, tuple(sorted(own.items())))
        except TypeError:  # a parameter that has no hash
            return functools.partial(self.model, **own)

    def _input_shape(self, examples: Examples) -> tuple[int, ...]:
        shape = () if self.input_shape is None else tuple(int(size) for size in self.input_shape)
        if shape and np.prod(shape) != examples.x.shape[1]:
            raise ValueError(f"input_shape is {shape}, but X has {examples.x.shape[1]} features.")
        return shape

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        assert examples.y is not None
        width = examples.y.shape[1] if examples.classes is None else len(examples.classes)
        numbers = dict(self.hyperparameters or {})
        if self.learning_rate_init is not None:
            numbers["learning_rate"] = self.learning_rate_init
        return Experiment(
            model=ModelConfig(self._built(width), output_activation=activation_name(self.output_activation)),
            optimizer=OptimizerConfig(self.solver, schedule=self.learning_rate),
            hyperparameters=Hyperparameters(**numbers),
            loss=self.loss,
        )

    @property
    def variables_(self) -> Any:
        """The weights and state of the model, NumPy arrays."""
        return self._fitted.variables


def _asks_for_outputs(model: Any) -> bool:
    """Whether a class or a factory has a parameter num_outputs without a default."""
    if not isinstance(model, type | types.FunctionType | functools.partial):
        return False
    asked = inspect.signature(model).parameters.get("num_outputs")
    return asked is not None and asked.default is asked.empty


@functools.lru_cache(maxsize=256)
def _with_parameters(factory: Callable[..., Any], parameters: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
    """Return a factory with parameters; the same object for equal ones, so that its program is compiled once."""
    return functools.partial(factory, **dict(parameters))


class NNJAXClassifier(ProbabilisticClassifier, OwnModel):
    """A model of one's own as a classifier.

    Args:
      model: a Flax Linen module or its class, a function rngs -> nnx.Module or key -> equinox.Module, a `keras.Model`,
        or (init, apply). It reads [b, d], or [b, *input_shape], and yields a logit for each class; a class or a factory
        with a parameter `num_outputs` is told their number.
      input_shape: of one example, such as (8, 8, 1) for images in rows of 64; None for rows.
      loss: of nnjax's, of `optax.losses`, or a function (y, z) -> [b]; "auto" for cross-entropy.
      output_activation: what makes probabilities of the outputs; "auto" by the loss.
      solver: an optimizer of nnjax's or Optax's by name, or as an object.
      learning_rate: its schedule.
      learning_rate_init: its rate; None for the optimizer's default.
      hyperparameters: further numbers of the optimizer, the loss or the model, by name (docs/python.md).
      class_weight: as of other classifiers of scikit-learn.
      model__NAME: parameters of the model, which a search may vary: fields of a Linen module, arguments of a class or
        of a factory.
      batch_size, max_iter, shuffle, random_state, tol, verbose, warm_start, early_stopping, validation_fraction,
        n_iter_no_change: as of `MLPClassifier`.

    Attributes: as of `MLPClassifier`, but for those of layers; `variables_`: the weights and state.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **OwnModel._parameter_constraints,
        "class_weight": [dict, Options(str, {"balanced"}), None],
    }

    def __init__(
        self,
        model: Any,
        *,
        input_shape: tuple[int, ...] | None = None,
        loss: Any = "auto",
        output_activation: Any = "auto",
        solver: Any = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: float | None = None,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | None = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float | None = 10,
        hyperparameters: dict[str, float] | None = None,
        class_weight: Any = None,
        **model_parameters: Any,
    ):
        self._set_parameters({name: value for name, value in locals().items() if name != "model_parameters"})
        self._set(model_parameters)


class NNJAXRegressor(ScaledRegressor, OwnModel):
    """A model of one's own as a regressor of one number or several.

    Args:
      model: as of `NNJAXClassifier`; it yields a number for each target, and `num_outputs` is theirs.
      target_scaling: "standard" or "none", as of `MLPRegressor`.

    The others are those of `NNJAXClassifier`; the loss "auto" is the mean square.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **OwnModel._parameter_constraints,
        "target_scaling": [Options(str, {"standard", "none"})],
    }

    def __init__(
        self,
        model: Any,
        *,
        input_shape: tuple[int, ...] | None = None,
        loss: Any = "auto",
        output_activation: Any = "auto",
        solver: Any = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: float | None = None,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | None = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float | None = 10,
        hyperparameters: dict[str, float] | None = None,
        target_scaling: str = "standard",
        **model_parameters: Any,
    ):
        self._set_parameters({name: value for name, value in locals().items() if name != "model_parameters"})
        self._set(model_parameters)
