"""Sweeps in the report: data for the page, findings, advice, and the evolution of hyperparameters."""
