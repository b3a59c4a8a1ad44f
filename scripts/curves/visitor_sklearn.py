"""Boosting and linear models of scikit-learn for `visitor_runs.py`."""

import functools

import numpy as np

from scripts.curves.stranger_runs import ACCURACIES, NAMES, Parts
from scripts.curves.visitors import RATES, Visit


def boost(plan: Visit, epochs: int, parts: Parts, classes: int) -> dict[str, list[float]]:
    """A stage of gradient boosting counts for an epoch."""
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    subsample = 0.5 if plan.dropout else 1.0
    model = (GradientBoostingClassifier if classes else GradientBoostingRegressor)(
        learning_rate=RATES["boost"] * plan.factor, n_estimators=epochs, max_depth=1 + len(plan.widths) % 3,
        subsample=subsample, random_state=plan.seed,
    )  # fmt: skip
    model.fit(*parts["train"])
    out = {"train_loss": [float(loss) for loss in model.train_score_]}
    for name, key in (("train", "train_eval"), ("val", "val_loss"), ("test", "test_loss")):
        x, y = parts[name]
        staged = model.staged_predict_proba(x) if classes else model.staged_predict(x)
        losses, right = zip(*(_scored(z, y, model.classes_ if classes else None) for z in staged), strict=True)
        out[key] = list(losses)
        out |= {f"{name}_accuracy": list(right)} if classes else {}
    return out


def linear(plan: Visit, epochs: int, parts: Parts, classes: int) -> dict[str, list[float]]:
    """Stochastic gradient descent on a linear model, whose losses its user works out after each epoch."""
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    settings = {"eta0": RATES["linear"] * plan.factor, "alpha": plan.weight_decay / 10, "random_state": plan.seed}
    rate = "constant" if plan.batch_norm or plan.seed % 2 else "invscaling"
    names = np.arange(classes)
    out: dict[str, list[float]] = {name: [] for name in (*NAMES, *(ACCURACIES if classes else ()))}
    kind = functools.partial(SGDClassifier, loss="log_loss") if classes else SGDRegressor
    model = kind(learning_rate=rate, **settings)
    for _ in range(epochs):
        try:
            model.partial_fit(*parts["train"], classes=names) if classes else model.partial_fit(*parts["train"])
        except ValueError as error:
            if "overflow" not in str(error):
                raise
            return {name: [*values, np.nan] for name, values in out.items()}
        for name, key in (("train", "train_eval"), ("val", "val_loss"), ("test", "test_loss")):
            x, y = parts[name]
            z = model.predict_proba(x) if classes else model.predict(x)
            loss, right = _scored(z, y, names if classes else None)
            out[key].append(loss)
            if classes:
                out[f"{name}_accuracy"].append(right)
        out["train_loss"].append(out["train_eval"][-1])
    return out


def _scored(z: np.ndarray, y: np.ndarray, names: np.ndarray | None) -> tuple[float, float]:
    """Return the loss and the accuracy of probabilities [n, k], or of predictions [n] where names are not given."""
    if names is None:
        return float(np.mean((z - y) ** 2)), float("nan")
    hits = z[np.arange(len(y)), np.clip(np.searchsorted(names, y), 0, len(names) - 1)]
    return float(-np.log(np.maximum(hits, 1e-9)).mean()), float((names[z.argmax(1)] == y).mean())
