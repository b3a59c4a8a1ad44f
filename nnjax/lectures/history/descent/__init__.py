"""Gradient descent of a line: its model and its page."""
