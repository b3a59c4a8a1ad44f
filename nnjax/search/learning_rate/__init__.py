"""Tune the learning rate with few trainings."""
