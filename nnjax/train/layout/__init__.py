"""Plan how a group of trials is laid over devices and lanes, from measured time and memory."""
