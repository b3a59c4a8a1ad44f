"""One self-contained HTML page, and figures, from a run. It draws what it is given, and trains nothing."""
