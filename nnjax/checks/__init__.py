"""Checks before training: impossible values, and whether the loss fits the output and the targets."""
