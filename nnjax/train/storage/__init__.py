"""Records of trials, stores that keep them and their weights, and the arrays in files."""
