"""Search methods: successive halving, population-based training, Optuna, the learning rate."""
