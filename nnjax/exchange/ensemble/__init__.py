"""Ensembles: choose networks of a run, and apply them as one program."""
