"""Compute features of learning curves: pure functions over arrays [m, t] (trials, epochs), float64, without NaN inside.

A row that is not known is NaN throughout, and so is every feature of it.
"""

import numpy as np

JUMP = 0.08  # of the loss: a last epoch that lies less off is no jump, however smooth the curve
FEWEST_BEFORE_JUMP = 8
FEWEST_TO_SMOOTH = 12  # epochs: of fewer, the last one counts as it is
MAD = 1.4826  # times the median absolute deviation: the standard deviation of normal noise (Hampel 1974)


def interpolate(y: np.ndarray) -> np.ndarray:
    """Fill what was not measured in [m, t] from the epochs around it; rows without a number stay NaN."""
    out = np.array(y, float)
    epochs = np.arange(out.shape[1])
    known = np.isfinite(out)
    for row in np.flatnonzero(known.any(axis=1) & ~known.all(axis=1)):
        out[row] = np.interp(epochs, epochs[known[row]], out[row, known[row]])
    return out


def log_scale(y: np.ndarray) -> np.ndarray:
    """Bring losses [m, t] to a scale on which a difference of 0.01 is one per cent.

    The logarithm where a row is positive. Where a loss can be 0 or less a per cent of it means nothing, and the row is
    counted in shares of the range that it has covered.
    """
    lowest, highest = y.min(axis=1, keepdims=True), y.max(axis=1, keepdims=True)
    span = highest - lowest
    share = (y - lowest) / np.where(span > 0, span, 1.0)
    return np.where(lowest > 0, np.log(np.where(y > 0, y, 1.0)), share)


def noise(z: np.ndarray) -> np.ndarray:
    """Estimate the standard deviation [m] of epoch-to-epoch noise in [m, t], from second differences.

    They cancel the trend; those of white noise have 6 times its variance. Their median absolute deviation is not moved
    by a few jumps. Third differences (20 times) cancel the bend of short, steep curves too: the smaller estimate
    counts. NaN for fewer than 3 epochs.
    """
    orders = [(order, variance) for order, variance in ((2, 6.0), (3, 20.0)) if z.shape[1] > order]
    found = [np.median(np.abs(np.diff(z, order, axis=1)), axis=1) / np.sqrt(variance) for order, variance in orders]
    return MAD * np.min(found, axis=0) if found else np.full(len(z), np.nan)


def smallest_step(y: np.ndarray) -> np.ndarray:
    """Return the smallest difference [m] between values of each row of [m, t]: of a share, one example; else inf."""
    gaps = np.diff(np.sort(y, axis=1), axis=1)
    return np.where(gaps > 1e-6, gaps, np.inf).min(axis=1, initial=np.inf)


def share_error(share: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the standard error [m] of the log of a share [m] of `count` examples [m]; none counts as half of one."""
    some = np.clip(share, 0.5 / count, 1 - 0.5 / count)
    return np.sqrt((1 - some) / (some * count))


def share_up(z: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Return the share of steps [m] of [m, t] that go up, by more than `least`; half where nothing but noise moves."""
    return (np.diff(z, axis=1) > least).mean(axis=1) if z.shape[1] > 1 else np.zeros(len(z))


def second_half(level: np.ndarray) -> np.ndarray:
    """Return the share [m] of the fall of a smoothed loss [m, t] that its second half brings."""
    t = level.shape[1]
    middle = (level[:, (t - 1) // 2] + level[:, t // 2]) / 2
    whole = level[:, 0] - level[:, -1]
    return (middle - level[:, -1]) / np.where(whole > 0, whole, np.nan)


def running_median(z: np.ndarray, half: int) -> np.ndarray:
    """Replace each epoch of [m, t] by the median of up to `half` epochs to either side, fewer at the ends."""
    t = z.shape[1]
    padded = np.pad(z, ((0, 0), (half, half)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    out = np.median(windows, axis=2)
    for i in {*range(min(half, t)), *range(max(t - half, 0), t)}:
        reach = min(half, i, t - 1 - i)
        out[:, i] = np.median(z[:, i - reach : i + reach + 1], axis=1)
    return out


def running_mean(z: np.ndarray, half: int) -> np.ndarray:
    """Replace each epoch of [m, t] by the mean of up to `half` epochs to either side, as many on one as on the other.

    Symmetric windows keep a trend unbiased up to the ends, where they shrink.
    """
    m, t = z.shape
    total = np.concatenate([np.zeros((m, 1)), np.cumsum(z, axis=1)], axis=1)
    i = np.arange(t)
    reach = np.minimum(half, np.minimum(i, t - 1 - i))
    return (total[:, i + reach + 1] - total[:, i - reach]) / (2 * reach + 1)


def smooth(z: np.ndarray) -> np.ndarray:
    """Smooth [m, t]: a running median of 3 against single jumps, then a running mean over a tenth of the epochs.

    The last epoch has no neighbors on both sides: from 12 epochs on what the ones before lead to stands for it.
    """
    half, level = max(1, z.shape[1] // 20), running_median(z, 1)
    if z.shape[1] < FEWEST_TO_SMOOTH:
        return running_mean(level, half)
    level[:, -1] = end_level(z, half)
    return running_mean(level, half)


def without_last_jump(z: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Replace a last epoch of [m, t] that lies far off the ones before by what these lead to.

    Returns:
      [m, t], and how far it lay off [m] (0 where it did not): more than `JUMP`, 6 times the noise, and 2.5 times any
      of the steps of the 6 epochs before.
    """
    t = z.shape[1]
    if t < FEWEST_BEFORE_JUMP:
        return z, np.zeros(len(z))
    before = np.diff(z[:, -7:-1], axis=1)
    expected = z[:, -2] + np.median(before, axis=1)
    off = z[:, -1] - expected
    least = np.fmax(np.fmax(JUMP, 6 * noise), 2.5 * np.abs(before).max(axis=1))
    jump = np.where(np.abs(off) > least, off, 0.0)
    out = z.copy()
    out[:, -1] = np.where(jump != 0, expected, z[:, -1])
    return out, jump


def end_level(z: np.ndarray, last: int) -> np.ndarray:
    """Estimate the level [m] at the last epoch of [m, t] from up to 15 of the last epochs, robustly (Theil 1950).

    The median of the epochs, each moved to the last by the median slope.
    """
    last = min(max(last, 5), 15, z.shape[1])
    y, x = z[:, -last:], np.arange(last)
    i, j = np.triu_indices(last, 1)
    slope = np.median((y[:, j] - y[:, i]) / (j - i), axis=1)
    return np.median(y + slope[:, None] * (last - 1 - x), axis=1)


def spike_heights(z: np.ndarray) -> np.ndarray:
    """Return how far each epoch of [m, t] lies above the median of the 7 around it."""
    return z - running_median(z, 3)


def robust_z(r: np.ndarray, least: float) -> np.ndarray:
    """Divide residuals [m, t] by their own robust scale, at least `least`."""
    scale = MAD * np.median(np.abs(r), axis=1, keepdims=True)
    return r / np.maximum(scale, least)


def longest_run(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the longest run of True in each row of [m, t]: its first index and its length, [m] each; 0 if none."""
    length = np.zeros(mask.shape, int)
    for i in range(mask.shape[1]):
        length[:, i] = np.where(mask[:, i], 1 + (length[:, i - 1] if i else 0), 0)
    end = length.argmax(axis=1)
    longest = length[np.arange(len(mask)), end]
    return end - longest + 1, longest


def at(z: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Pick one epoch [m] of each row of [m, t]."""
    return np.take_along_axis(z, np.asarray(index)[:, None], axis=1)[:, 0]
