"""Backpropagation of Rumelhart, Hinton and Williams, 1986: its model and its page."""
