"""Every number that a rule compares with, and why it is that one. Gains and gaps are shares of the loss (log scale)."""

FEWEST = 5  # epochs: four points allow no slope with an error and no curvature
GAIN = 0.01  # of going on for half as long again; the deck's "not flat? you are still learning", made exact
NEWEST = 0.8  # of the epochs: a loss still falling, however noisily, has its lowest value in the last fifth (patience)
NEARLY_NEWEST = 0.7  # will do where the slope is more than its standard error
FAR_APART = 1.0  # train below validation: a network that memorises gains little more,
GAINS = 0.1  # unless the second half has brought as much
GAIN_ERRORS = 2.0  # standard errors by which a slope must differ from 0: one in 40 flat curves by chance

EXPLODED = 1e3  # times its first value: no loss comes back from there, and the next stop is NaN

RISE = 0.03  # after the minimum: less is within what another seed changes
RISE_NOISE = 2.5  # in standard errors of the two means compared
APART = 0.7  # train below validation, half of it: then a rise is what one expects, and one standard error is enough
TRAIN_FALLS = 0.01  # meanwhile; without it both losses rise, which is not overfitting

RISING = 0.02  # from the lowest smoothed train loss to the end
SEEN = 0.05  # of the range of the losses: a smaller rise is not seen on the plot, however many times a tiny loss
RISING_NOISE = 0.10  # from epoch to epoch: a rougher loss jumps, whatever else it does
UPHILL_ORDER = 0.9  # of a loss that rises from its first epoch on, by however little
RISING_ORDER = 0.6  # share of steps up minus share of steps down after the minimum: a steady rise, no oscillation

FLAT = 0.02  # fall from the first to the best epoch: less is no learning
STEPS_UP = 0.25  # share: a loss that rises less often is falling, however roughly
NO_BETTER = 0.03  # fall of a validation loss that learns nothing: it settles after the first steps
SETTLES = 0.1  # the same where its accuracy is that of guessing
BEGAN = 0.15  # validation below train in the first epoch: what the network learned in it
FALLS = 0.4  # a validation loss that falls more than this has learned something, if only not to explode
MEMORISES = 0.08  # the train loss that far below guessing
FLAT_FALL = 0.15  # the whole fall of a loss that is flat from the second epoch on and has learned nothing
NEAR_LOG = 0.007  # of log C: the loss of guessing among C classes
MOST_CLASSES = 12  # beyond, some log C is always near
NEAR_MEAN = 0.03  # of the mean predictor's loss: the network's answer does not depend on its input
ACCURACY_MOVES = 0.05  # more than this, and something was learned
CHANCE_MARGIN = 0.03  # above chance, within the error of a few hundred examples
GOOD_ACCURACY = 0.8  # whoever starts there has not been stuck

ROUGH = (
    0.07  # noise of the train loss from epoch to epoch: an average over many steps wobbles so only if steps overshoot
)
LEAP = 0.7  # from one epoch to the next: the loss doubles
LEAPS = 3  # once is a spike, and twice may be two of them
COME_FAR = 1.4  # below a constant answer, a quarter of its loss: whoever gets there wobbles, but learns
ROUGH_SEEN = 0.02  # of the range of the losses: noise of a tiny loss is not seen
ROUGH_WORSE = 0.05  # noise at which a loss that ends above its best is not recovering
JITTER = 0.001  # noise of a loss that moves about without getting anywhere
OVERSHOOT = 30.0  # times the mean predictor's loss in the first epoch: no initial weights are so bad by themselves
LEARNED = 0.7  # below the mean predictor: half its loss, after which a bad beginning is forgotten
BURST = 3.0  # times what follows: the mean of a first epoch in which the loss exploded
BLIND_BURST = 10.0  # where the mean predictor's loss is not known: a good rate may do much in one epoch
JITTER_UP = 0.35  # share of steps up: half of them is no progress at all
WARM = 0.15  # of the epochs, in which even a rate too high brings the loss down from where it started
STUCK_HIGH = 0.10  # the end above the best smoothed train loss

SPIKE = 0.18  # above the median of its neighbours
SPIKE_SEEN = 0.06  # of the range of the losses, for the same reason
SPIKE_Z = 5.0  # robust z: of 1,000,000 normal epochs none lies so high
MOST_SPIKES = 3  # more are oscillation
SPIKE_ELSEWHERE = 0.01  # in another loss, which may see but the end of it
SPIKE_SHARE = 0.20  # of the epochs may be spikes

LINEAR = 0.33  # share of the whole fall that the second half brings: 0.5 of a straight line
FAST_FALL = 1.2  # by more than two thirds, and the rate was not too low, however straight the line
LATE = 0.75  # nearly all of a considerable fall in the second half is no straight line but a late start
LATE_FALL = 0.3
SLOW_ERRORS = 4.0  # standard errors: a rate too low gives a smooth curve
SLOW_FALL = 0.01  # less than this has not been seen to fall
PLATEAU = 0.15  # of the epochs, at least
PLATEAU_EPOCHS = 3
PLATEAU_SLOPE = 0.15  # of the steepest later slope
PLATEAU_FALL = 0.06  # of the loss, along the shortest plateau: what a patient eye calls flat
PLATEAU_PART = 0.25  # of the drop that follows; else it is a fall that gathers speed
PLATEAU_DROP = 0.12  # of the loss, after the plateau

FEWEST_UPS = 2  # steps up: one is no wobble, in however short a curve
NOISY_UPS = 1 / 3  # share of the last half's steps that go up by so much; half of them is nothing but noise
NOISY = 0.03  # a step up of the validation loss: what Prechelt's patience and a person both stumble over
BELOW = 0.02  # validation below train: less is the luck of the split
BELOW_SHARE = 0.8  # of the last half's epochs

SAVED = 0.005  # what stopping earlier may cost
SAVED_SHARE = 0.5  # of the epochs, at least
SAVED_EPOCHS = 5  # fewer are not worth a word
