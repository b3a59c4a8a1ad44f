"""One self-contained HTML page, and pictures, from a run. It draws what it is given, and trains nothing."""
