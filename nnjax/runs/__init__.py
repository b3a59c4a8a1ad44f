"""Runs: the run folder, settings and statistics over replicates."""
