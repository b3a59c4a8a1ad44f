"""Diagnose learning curves: features, verdicts and what to try next (lecture slides, section 5)."""
