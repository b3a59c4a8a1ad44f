"""Adaptive search: ask an Optuna sampler for settings in batches, train each batch as one population."""
