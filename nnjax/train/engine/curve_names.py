"""Names of the metrics that a trial reports and of its curves."""

from collections.abc import Collection

from nnjax.core.experiment import Experiment
from nnjax.nn.losses import loss_of
from nnjax.nn.metrics import metric_of, usual_metrics
from nnjax.train.engine.device_data import Shapes


def metric_names(experiment: Experiment, shapes: Shapes, final: bool) -> tuple[str, ...]:
    """Which metrics are reported beside the loss, at every epoch or at the end.

    At epochs those that cost a logarithm per output are left out unless `experiment.metrics` asks for them; at the end
    all usual ones are there, and the loss under its own name, in its probability form, so that arms can be compared.
    """
    usual, loss = usual_metrics(shapes.goal) if shapes.outputs_are_targets else (), experiment.loss
    asked = experiment.metrics
    if not final:
        chosen = asked if asked is not None else [name for name in usual if not metric_of(name).takes_logarithms]
        return tuple(name for name in chosen if name != loss)
    named = () if loss_of(loss).of_logits else (loss,)  # another's loss takes no outputs, and is no metric
    known = {"loss", *(metric_of(name).name for name in (*usual, *(asked or ()), *named))}
    chooses = [name for name in [experiment.select] if name not in known]
    return tuple(dict.fromkeys((*usual, *(asked or ()), *named, *chooses)))


def watched_curve(names: Collection[str]) -> str:
    """Name the curve whose minimum makes the best epoch: validation loss, or train loss where there is none."""
    return next(name for name in ("val_loss", "train_loss_eval", "train_loss") if name in names)


def curve_name(part: str, name: str) -> str:
    """Name a curve: val_loss, val_accuracy, train_loss_eval, train_accuracy_eval."""
    return f"val_{name}" if part == "validation" else f"train_{name}_eval"
