"""ADALINE of Widrow and Hoff, 1960: its model and its page."""
