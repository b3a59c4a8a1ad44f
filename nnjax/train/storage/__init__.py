"""Records of trials, checkpoints, and which weights are kept."""
