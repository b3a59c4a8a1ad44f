"""Verify by tracing and training: try an experiment before its run (sanity runs), train its trials again after it."""
