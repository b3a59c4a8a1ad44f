"""Pure functions of a trial, a block of trials and a program: what is compiled."""
