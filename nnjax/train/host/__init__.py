"""The host loop: train a population segment by segment."""
