"""Verify a run: certificates, retraining, and sanity runs before training."""
