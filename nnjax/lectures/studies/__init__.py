"""Studies: a claim of the lecture slides, tested on several data sets and methods, and reported on one page."""
