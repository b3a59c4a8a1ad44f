"""Objectives: what is minimized where outputs and targets are not enough (sampling, noise, penalties).

An objective stands where a loss stands. It runs the model itself, and gives one value for each example: their weighted
mean is minimized. See `Objective`; those here are made by functions, for instance `denoising(0.2)`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from nnjax.core.errors import UserError
from nnjax.core.types import Array, Float, Key, Num, Scalar
from nnjax.nn.losses import loss_of
from nnjax.nn.user_functions import call, shapes

Hyper = Mapping[str, Scalar]
PerExample = Float[Array, " b"]
Examples = Float[Array, "b ..."]
Codes = Float[Array, "b c"]
Values = tuple[PerExample, Any, Mapping[str, PerExample]]


class Batch(NamedTuple):
    """Some examples: inputs x [b, ...], targets y as the data hold them (x for an autoencoder), weights w [b]."""

    x: Num[Array, "b ..."]
    y: Num[Array, "b ..."]
    w: Float[Array, " b"]


class Objective(Protocol):
    """What is minimized, and what is reported beside it."""

    def __call__(self, apply: Callable[..., Any], variables: Any, batch: Batch, *, key: Key, hyper: Hyper) -> Values:
        """Return a value for each example.

        Args:
          apply: (variables, x, *, key, hyper) -> (z, state): the model, in training or in evaluation mode.
          variables: its params and state.
          batch: the examples; in evaluation some may have weight 0 and count nothing.
          key: a random key of this step.
          hyper: the hyperparameters that are set, traced; those that it asks for are its own.

        Returns:
          Values [b], of which the weighted mean is minimized; the model's new state; more values [b] by name, whose
          weighted means are reported as curves and final metrics (val_NAME, train_NAME_eval, test_NAME).
        """
        ...


def make_objective(name: str) -> Objective:
    """Make the objective of an experiment's loss; when called it raises a UserError unless it returns floats [b]."""
    loss = loss_of(name)
    what = f"The objective {loss.name}"

    def objective(apply: Callable[..., Any], variables: Any, batch: Batch, *, key: Key, hyper: Hyper) -> Values:
        """Call the user's objective, and check what it returns."""

        def run(x: Array, y: Array) -> Any:
            return loss.objective(apply, variables, batch, key=key, hyper=hyper)

        found = call(what, run, x=batch.x, y=batch.y)
        if not isinstance(found, tuple) or len(found) != 3:
            raise UserError(f"{what} returned {type(found).__name__}, but (values [b], state, metrics) was expected.")
        values, state, metrics = found
        for name in metrics:
            if not str(name).isidentifier():
                raise UserError(f"{what} reports {name!r}, but the name of a curve, such as 'kl', was expected.")
        for key_, value in {"values": values, **metrics}.items():
            _require_per_example(f"{what} returned {key_}", value, batch)
        return values, state, metrics

    return objective


def _require_per_example(what: str, value: Any, batch: Batch) -> None:
    if jnp.shape(value) != batch.w.shape or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
        raise UserError(
            f"{what} as {jnp.result_type(value)}{list(jnp.shape(value))} for {shapes({'x': batch.x})}, but one value "
            f"for each example, float [{len(batch.w)}], was expected: leave the mean over the examples to nnjax."
        )


def gaussian_kl(mean: Float[Array, "b c"], log_variance: Float[Array, "b c"]) -> PerExample:
    """Return KL(N(mean, variance) || N(0, 1)), summed over the code (Kingma & Welling 2014, appendix B)."""
    return 0.5 * jnp.sum(jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance, axis=-1)


def bernoulli_nll(x: Float[Array, "b ..."], z: Float[Array, "b ..."]) -> PerExample:
    """Return -log p(x) of independent pixels in [0, 1], with logits z, summed over the pixels."""
    return _sum(jax.nn.softplus(z) - x * z)


def gaussian_nll(x: Float[Array, "b ..."], z: Float[Array, "b ..."]) -> PerExample:
    """Return -log p(x) of independent numbers of mean z and variance 1, summed over the numbers."""
    return _sum(0.5 * (jnp.square(x - z) + math.log(2 * math.pi)))


def mean_square(y: Float[Array, "b ..."], z: Float[Array, "b ..."]) -> PerExample:
    """Return the mean of (y - z)² over all axes but the first."""
    return jnp.mean(jnp.square(y - z), axis=tuple(range(1, z.ndim)))


def _sum(values: Array) -> PerExample:
    return jnp.sum(values, axis=tuple(range(1, values.ndim)))


DECODERS = {"bernoulli": bernoulli_nll, "gaussian": gaussian_nll}


def negative_elbo(
    encode: Callable[[Any, Examples], tuple[Codes, Codes]],
    decode: Callable[[Any, Codes], Examples],
    decoder: str = "bernoulli",
    beta: float = 1.0,
) -> Objective:
    """Make the variational autoencoder's objective: -ELBO with one sample of the code (Kingma & Welling 2014, eq. 10).

    Args:
      encode: (variables, x) -> mean and log variance of the code, [b, c] each.
      decode: (variables, code [b, c]) -> logits ("bernoulli") or means of variance 1 ("gaussian"), as x.
      decoder: a key of `DECODERS`.
      beta: weight of the KL term (Higgins et al. 2017), where no hyperparameter of that name is set.
    """
    nll = DECODERS[decoder]

    def elbo(apply: Callable[..., Any], variables: Any, batch: Batch, *, key: Key, hyper: Hyper) -> Values:
        """Draw codes, and return the negative bound of each example with its two terms."""
        mean, log_variance = encode(variables, batch.x)
        code = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape, mean.dtype)
        reconstruction = nll(batch.x.reshape(len(batch.x), -1), decode(variables, code).reshape(len(batch.x), -1))
        kl = gaussian_kl(mean, log_variance)
        values = reconstruction + hyper.get("beta", beta) * kl
        return values, variables.state, {"reconstruction": reconstruction, "kl": kl}

    return elbo


def denoising(noise: float = 0.3, loss: Callable[[Examples, Examples], PerExample] = mean_square) -> Objective:
    """Make the denoising autoencoder's objective: inputs with Gaussian noise, clean targets (Vincent et al. 2010).

    Args:
      noise: its standard deviation, where no hyperparameter of that name is set.
      loss: (y, z) -> [b].
    """

    def denoising_loss(apply: Callable[..., Any], variables: Any, batch: Batch, *, key: Key, hyper: Hyper) -> Values:
        drawn, inner = jax.random.split(key)
        noisy = batch.x + hyper.get("noise", noise) * jax.random.normal(drawn, batch.x.shape, batch.x.dtype)
        z, state = apply(variables, noisy, key=inner, hyper=hyper)
        return loss(batch.y, z), state, {}

    return denoising_loss


def sparse(
    encode: Callable[[Any, Examples], Codes],
    penalty: float = 1e-3,
    loss: Callable[[Examples, Examples], PerExample] = mean_square,
) -> Objective:
    """Make the sparse autoencoder's objective: the loss plus an L1 penalty on the code's activations.

    Args:
      encode: (variables, x) -> code [b, c], such as the model's own `encode`.
      penalty: weight of Σ |code|, where no hyperparameter activation_l1 is set.
      loss: (y, z) -> [b].
    """

    def sparse_loss(apply: Callable[..., Any], variables: Any, batch: Batch, *, key: Key, hyper: Hyper) -> Values:
        z, state = apply(variables, batch.x, key=key, hyper=hyper)
        size = _sum(jnp.abs(encode(variables, batch.x)))
        return loss(batch.y, z) + hyper.get("activation_l1", penalty) * size, state, {"activation": size}

    return sparse_loss
