"""LeNet-5 of 1998: its model and its page."""
