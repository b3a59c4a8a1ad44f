"""Studies: a question of the deck's, asked of several data sets and methods, and answered on one page."""
