"""Pure functions that are compiled: a trial, a block of trials, a program over devices."""
