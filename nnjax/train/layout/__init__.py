"""Plan devices and lanes for groups of trials, from measured time and memory."""
