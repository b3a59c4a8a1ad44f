"""The perceptron of Rosenblatt, 1958: its model and its page."""
