"""The neuron of McCulloch and Pitts, 1943: its model and its page."""
