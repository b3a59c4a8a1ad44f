"""One self-contained HTML page, and pictures, from a run."""
