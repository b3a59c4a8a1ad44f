"""Losses, metrics, optimizers, schedules, activations, initializers and augmentation, as pure functions."""
