"""Loss against learning rate (section 5 of the lecture slides), each trial with its verdict."""

import dataclasses

import numpy as np
from matplotlib.figure import Figure

from nnjax.api import sweep
from nnjax.diagnosis.verdicts import BADGES
from nnjax.lectures.gallery.failure_modes import BASE
from nnjax.lectures.gallery.training import silent
from nnjax.report.charts.figures import subplots
from nnjax.report.charts.marked_curves import draw_level
from nnjax.report.charts.themed_svg import AS_IS
from nnjax.report.trial_verdicts import code_of
from nnjax.train.storage.records import DONE

GOOD = 1.3  # times the lowest loss: what is as good as the best rate
RATES, SEEDS, EPOCHS = np.geomspace(1e-4, 100.0, 25), 2, 20


@dataclasses.dataclass(frozen=True, eq=False)
class Rates:
    """Final losses by learning rate."""

    rate: np.ndarray  # [r]
    loss: np.ndarray  # [r, s]; the validation loss at the end for each of s seeds, NaN where it diverged
    codes: list[list[str]]  # [r][s]; the first verdicts
    guessing: float  # the loss of guessing among the classes
    epochs: int  # of each trial

    def regimes(self) -> list[tuple[float, float, str]]:
        """Divide the rates into the four regimes of the lecture slides: (from, to, name), by the mean loss over seeds.

        Good is what ends within `GOOD` times the lowest loss; what lies below is too low, what lies above but still
        beats guessing is high, and the rest too high.
        """
        mean = np.nan_to_num(self.loss.mean(axis=1), nan=np.inf)
        good = np.flatnonzero(mean <= GOOD * mean.min())
        learns = np.flatnonzero(mean < 0.9 * self.guessing)
        step = np.sqrt(self.rate[1] / self.rate[0])
        ends = [self.rate[0] / step, self.rate[good[0]] / step, self.rate[good[-1]] * step]
        ends += [max(ends[2], self.rate[learns[-1]] * step), self.rate[-1] * step]
        names = ("too low", "good", "high", "too high")
        return [(a, b, name) for a, b, name in zip(ends[:-1], ends[1:], names, strict=True) if b > 1.01 * a]


def sweep_rates() -> Rates:
    """Train the gallery's network with each of `RATES`, as one population."""
    axes = {"learning_rate": RATES.tolist(), "seed": range(SEEDS)}
    run = sweep(dataclasses.replace(BASE, epochs=EPOCHS), axes, log=silent, progress=False)
    shape = (len(RATES), SEEDS)
    losses = [record.curves["val_loss"][-1] if record.status == DONE else np.nan for record in run.records]
    codes = np.array([code_of(run, spec.id) for spec in run.specs]).reshape(shape).tolist()
    return Rates(RATES, np.array(losses, float).reshape(shape), codes, float(np.log(len(run.facts().classes))), EPOCHS)


def plot_rates(rates: Rates) -> Figure:
    """Draw the loss against the learning rate, each trial with the sign of its verdict."""
    figure, [axes] = subplots(1, 8.6, 3.9)
    height = np.where(np.isfinite(rates.loss), rates.loss, np.nan)
    height = np.where(np.isnan(height), 1.6 * np.nanmax(height), height)  # what diverged stands above the others
    axes.plot(rates.rate, height.mean(axis=1), color="0.6", lw=1.2, zorder=1)
    for i, k in np.ndindex(*height.shape):
        badge = BADGES[rates.codes[i][k]]
        x, y = rates.rate[i] * 1.06 ** (k - (height.shape[1] - 1) / 2), height[i, k]
        axes.plot(x, y, "s", color=badge.color, ms=10, mec="0.3", mew=0.5, zorder=2, gid=AS_IS)
        axes.text(x, y, badge.sign, ha="center", va="center", fontsize=7, color=badge.ink, zorder=3, gid=AS_IS)
    draw_level(axes, rates.guessing, "guessing")
    for start, end, name in rates.regimes():
        axes.axvspan(start, end, color="0.5", alpha=0.0 if name in ("too low", "too high") else 0.12, lw=0, zorder=0)
        axes.text(np.sqrt(start * end), 1.02, name, transform=axes.get_xaxis_transform(), fontsize=8, ha="center")
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=f"validation loss after {rates.epochs} epochs")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
