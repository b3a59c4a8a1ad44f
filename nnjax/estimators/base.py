"""What all estimators share: how a job is described, trained, kept and applied."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from nnjax.checks import defaults
from nnjax.checks.invalid_values import validate
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.core.types import Float
from nnjax.estimators import training
from nnjax.estimators.inference import What, apply
from nnjax.estimators.inputs import Examples, prepare, read_inputs
from nnjax.estimators.training import Job, Trained
from nnjax.models.model import Variables
from nnjax.train.engine.device_data import output_width

AUTO_BATCH = 200  # scikit-learn's
LEAST_BATCH = 16


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained network as an estimator keeps it; it pickles with its model."""

    model: ModelConfig  # its architecture
    shape: tuple[int, ...]  # of one example
    num_outputs: int  # k
    hyper: dict[str, float]  # the hyperparameters it was trained with
    variables: Variables  # NumPy arrays

    def apply(self, what: What, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """Apply it to rows, see `inference.apply`; float64."""
        found = apply(what, self.model, self.shape, self.num_outputs, self.variables, self.hyper, x)
        return found.astype(np.float64)


class NetworkEstimator(BaseEstimator):
    """An estimator that is a network; what it learns is described by `_experiment`."""

    _unconverged: ClassVar[str] = (
        "Stochastic Optimizer: Maximum iterations ({}) reached and the optimization hasn't converged yet."
    )
    _fitted: Fitted
    loss_curve_: list[float]
    n_iter_: int

    @property
    def partial_fit(self) -> Any:
        """There is none: `hasattr` is False, and who asks is told what to do instead."""
        raise AttributeError(f"{type(self).__name__} has no partial_fit: set warm_start=True and call fit again.")

    def _experiment(self, examples: Examples, size: float) -> Experiment:
        """Describe the training on examples in batches whose examples weigh `size` together, the last one aside."""
        raise NotImplementedError

    def _input_shape(self, examples: Examples) -> tuple[int, ...]:
        """Return the shape of an example that is no row; () for rows."""
        return ()

    def _set_parameters(self, given: Mapping[str, Any]) -> None:
        """Set the arguments of `__init__`, its `locals()`, as attributes of the same names."""
        self.__dict__.update({name: value for name, value in given.items() if name not in ("self", "__class__")})

    def _option(self, name: str, default: Any) -> Any:
        return getattr(self, name, default)

    def _fit(self, examples: Examples) -> Trained:
        """Train on checked examples and keep the network and its curves."""
        job = self._job(examples)
        trained = training.train_one(job)
        if trained.diverged:
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                f"preprocessed, or the learning rate is too large (diverged after {len(trained.curves['train_loss'])} "
                "epochs)."
            )
        self._keep(job, trained, len(examples.x))
        return trained

    def _job(self, examples: Examples) -> Job:
        seed = self._seed()
        validation = self._option("validation_fraction", 0.1) if self._option("early_stopping", False) else None
        labels = [] if examples.classes is None else [str(label) for label in examples.classes]
        prepared = prepare(examples, validation, seed, self._input_shape(examples), labels)
        batch = self._option("batch_size", "auto")
        size, n = AUTO_BATCH if batch == "auto" else int(batch), len(prepared.train)
        if batch != "auto" and size > n:
            sentence = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped."
            warnings.warn(sentence, stacklevel=5)
        epochs, (patience, tol) = self._option("max_iter", 200), self._patience()
        described = self._experiment(examples, min(size, n) * examples.mean_weight)
        hyper = described.hyperparameters
        if patience is not None and np.isfinite(patience) and tol is not None:
            hyper = dataclasses.replace(hyper, patience=int(patience) + 1, min_delta=max(float(tol), 0.0))
        experiment = dataclasses.replace(
            described,
            data=DataConfig("examples", scaling="none", target_scaling="none"),
            hyperparameters=hyper,
            metrics=("accuracy",) if examples.classes is not None and validation is not None else (),
            epochs=int(epochs),
            batch_size=min(size, max(LEAST_BATCH, 1 << (n - 1).bit_length())),
            shuffle=self._option("shuffle", True),
            train_eval_size=0,
            seed=seed,
            signals=False,
            allow_mismatch=True,
        )
        validate(experiment)
        experiment = defaults.resolve(experiment, prepared.dataset)
        return Job(experiment, prepared, self._start(experiment, prepared), bool(self._option("verbose", False)))

    def _patience(self) -> tuple[float | None, float | None]:
        """Return after how many epochs whose loss is not lower by how much training ends; None for never."""
        return self._option("n_iter_no_change", None), self._option("tol", None)

    def _seed(self) -> int:
        """Return the seed of the network: `random_state`, where it is a number (and the repetition in a search)."""
        state = self._option("random_state", None)
        if isinstance(state, int | np.integer):
            return int(state) + training.replicate()
        return int(check_random_state(state).randint(2**31 - 1))

    def _start(self, experiment: Experiment, prepared: Any) -> Variables | None:
        """Return the weights of before, for a warm start."""
        if not self._option("warm_start", False) or not hasattr(self, "_fitted"):
            return None
        before, shape = self._fitted, prepared.facts().example_shape
        now = experiment.model, shape, output_width(experiment.model, prepared.facts())
        if (before.model, before.shape, before.num_outputs) != now:
            raise ValueError(
                "warm_start can only be used where inputs, outputs and architecture are those of the fit before: set "
                "warm_start=False, or fit a clone."
            )
        return before.variables

    def _keep(self, job: Job, trained: Trained, num_examples: int) -> None:
        experiment, facts = job.experiment, job.prepared.facts()
        going_on = job.start is not None
        hyper = experiment.hyperparameters.present()
        width = output_width(experiment.model, facts)
        self._fitted = Fitted(experiment.model, facts.example_shape, width, hyper, trained.variables)
        curves = {name: [float(value) for value in curve] for name, curve in trained.curves.items()}
        loss, val = curves["train_loss"], curves.get("val_loss")
        self.loss_curve_ = (self.loss_curve_ if going_on else []) + loss
        self.n_iter_ = len(loss) + (self.n_iter_ if going_on else 0)
        self.t_ = num_examples * self.n_iter_
        self.loss_, self.best_loss_ = loss[-1], None if val else min(loss)
        self.validation_curve_ = val
        self.validation_scores_ = curves.get("val_accuracy")
        scores = self.validation_scores_
        self.best_validation_score_ = None if scores is None else max(scores)
        self.verdict_ = trained.verdict
        patient = hyper.get("patience") is not None and not trained.stopped
        if patient and len(loss) == experiment.epochs and not self._learned(loss):
            warnings.warn(self._unconverged.format(experiment.epochs), ConvergenceWarning, stacklevel=5)

    def _learned(self, loss: list[float]) -> bool:
        """Whether the last epoch left nothing to learn."""
        return False

    def _outputs(self, X: Any, what: What = "outputs") -> Float[np.ndarray, "n k"]:
        """Apply the network to inputs as scikit-learn passes them."""
        check_is_fitted(self)
        return self._fitted.apply(what, read_inputs(self, X, reset=False))


def optimizer_of(
    estimator: Any, rate: float, hyper: dict[str, Any], halved: bool = False
) -> tuple[OptimizerConfig, Hyperparameters]:
    """Return the optimizer of an estimator with scikit-learn's parameters, and its numbers.

    Args:
      estimator: with solver, learning_rate, and of scikit-learn's solvers their numbers.
      rate: `learning_rate_init`.
      hyper: further hyperparameters.
      halved: the loss is twice scikit-learn's, so that plain gradients have to be halved.
    """
    name: Any = estimator.solver
    numbers: dict[str, Any] = {"learning_rate": rate}
    if name == "sgd":
        name = "nesterov" if estimator.nesterovs_momentum else "momentum"
        numbers = {"learning_rate": rate / 2 if halved else rate, "momentum": estimator.momentum}
        if not estimator.momentum:
            name, numbers = "sgd", {"learning_rate": numbers["learning_rate"]}
    elif name in ("adam", "adamw"):
        numbers |= {"b1": estimator.beta_1, "b2": estimator.beta_2, "epsilon": estimator.epsilon}
    return OptimizerConfig(name, schedule=estimator.learning_rate), Hyperparameters(**numbers, **hyper)
