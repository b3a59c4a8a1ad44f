"""The report on a tuned learning rate."""
