"""The deck's networks as pure functions: `make_model` gives init, logits, apply, encode and decode."""

from nnjax.models.dense import ACTIVATIONS, KERNEL_INITS, Model
from nnjax.models.kinds import MODELS, code_width, make_model

__all__ = ["ACTIVATIONS", "KERNEL_INITS", "MODELS", "Model", "code_width", "make_model"]
