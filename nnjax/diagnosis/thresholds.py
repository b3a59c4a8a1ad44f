"""Thresholds that several rules share, with the reason for each value; a rule's own are in its module.

Gains and gaps are shares of the loss (log scale).
"""

FEWEST = 5  # epochs: four points allow no slope with an error and no curvature
GAIN = 0.01  # of going on for half as long again; the deck's "not flat? you are still learning", made exact
SURE = 0.65  # the probability of that gain from which on training is not done
SURE_TRAIN = 0.45  # the same of a train loss alone, which mostly goes on falling
NEWEST = 0.8  # of the epochs: a loss still falling, however noisily, has its lowest value in the last fifth (patience)
GAIN_ERRORS = 2.0  # standard errors by which a slope must differ from 0: one in 40 flat curves by chance

RISE = 0.03  # after the minimum: less is within what another seed changes
RISE_NOISE = 2.5  # in standard errors of the two means compared
VISIBLE = 0.05  # of the range of the losses: a smaller rise is not seen on the plot, however many times a tiny loss
STUCK_HIGH = 0.10  # the end above the best smoothed train loss
ROUGH_WORSE = 0.05  # noise at which a loss that ends above its best is not recovering
JUMP_VISIBLE = 0.06  # of the range of the losses, for the same reason as `VISIBLE`

FLAT = 0.02  # fall from the first to the best epoch: less is no learning
LINEAR = 0.33  # share of the whole fall that the second half brings: 0.5 of a straight line
NEAR_MEAN = 0.03  # of the mean predictor's loss: the network's answer does not depend on its input
GOOD_ACCURACY = 0.8  # whoever starts there has not been stuck
SAVED = 0.005  # what stopping earlier may cost
