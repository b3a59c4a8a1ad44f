"""MADALINE of Widrow and Hoff, 1962: its model and its page."""
