"""Text of the embedding report: sentences, cards and tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.core.types import Dataset
from nnjax.distances.clusters import agreement
from nnjax.embed.methods import title_of
from nnjax.embed.quality import MEASURES
from nnjax.embed.study import Study, label_of, varied

FACTS = {
    "explained_variance": "of the variance is in these axes",
    "explained_variance_between": "of the variance between classes is in these axes",
    "divergence": "nats of divergence",
    "inertia": "inertia",
}


class Row(NamedTuple):
    """A row of the table of measures: which embedding, its label, what the method says of itself, its cells."""

    number: int
    label: str
    fact: str
    cells: Sequence[tuple[str, bool]]  # text, and whether it is the best of its column


def sentences(study: Study) -> list[str]:
    """Describe what was embedded, and which embedding keeps neighbors best."""
    names, data = varied(study.embeddings), study.dataset
    classes = "" if study.labels is None else f" in {len(np.unique(study.labels))} classes"
    found = [f"{len(study.x):,} examples of {data.name}{classes}, {study.x.shape[1]} numbers each, drawn in the plane."]
    scores = np.array([q["trustworthiness"] for q in study.qualities])
    if np.isfinite(scores).sum() > 1:
        best, worst = int(np.nanargmax(scores)), int(np.nanargmin(scores))
        found.append(
            f"{label_of(study.embeddings[best], names)} keeps neighborhoods best: trustworthiness "
            f"{scores[best]:.3f}; {label_of(study.embeddings[worst], names)} least: {scores[worst]:.3f}."
        )
    for one in study.embeddings:
        if one.held_out is not None:
            seen = f"{np.mean(~one.held_out):.0%} of the points"
            found.append(f"{title_of(one.method)} was fitted to the classes of {seen}; its measures are of the others.")
    lost = int((~np.isfinite(scores)).sum())
    if lost:
        found.append(f"{lost} of {len(scores)} embeddings diverged: their learning rate is too high.")
    return found


def cards(study: Study) -> list[tuple[str, str, str]]:
    """The best value of the first measures: (what, value, whose)."""
    names = varied(study.embeddings)
    found = []
    for name in list(study.qualities[0])[:5]:
        values = np.array([q[name] for q in study.qualities])
        if np.isfinite(values).any():
            best = int(np.nanargmax(values))
            what = name.replace("knn", f"{study.k}-NN").replace("_", " ")
            found.append((what, f"{values[best]:.3f}", label_of(study.embeddings[best], names)))
    return found


def title(name: str, k: int) -> str:
    """Name a measure in a few letters."""
    heads = {"trustworthiness": f"T({k})", "continuity": f"C({k})", "recall": "recall", "shepard": "Shepard"}
    return heads.get(name, {"knn_accuracy": "kNN right", "ari": "ARI", "ami": "AMI"}.get(name, name))


def board(study: Study) -> dict[str, Any]:
    """The table of measures: heads and rows."""
    names, measures = varied(study.embeddings), list(study.qualities[0])
    best = {name: np.nanmax([q[name] for q in study.qualities]) for name in measures}
    rows = [
        Row(
            i,
            label_of(one, names),
            fact(one.facts),
            [(f"{q[name]:.3f}" if np.isfinite(q[name]) else "–", q[name] == best[name]) for name in measures],
        )
        for i, (one, q) in enumerate(zip(study.embeddings, study.qualities, strict=True))
    ]
    return {"heads": [(title(name, study.k), MEASURES[name]) for name in measures], "rows": rows}


def fact(facts: Any) -> str:
    """Format what a method reports about itself."""
    if facts.get("converged") == 0:
        return "did not converge"
    for name, words in FACTS.items():
        if name in facts and np.isfinite(facts[name]):
            return f"{facts[name]:.1%} {words}" if name.startswith("explained") else f"{facts[name]:.4g} {words}"
    return ""


def cluster_rows(study: Study) -> list[tuple[str, ...]]:
    """Clusterings of the data themselves: method, clusters, noise, scatter within and between (share), ARI and AMI."""
    found: list[tuple[str, ...]] = []
    for name, one in study.clusterings.items():
        scores = None if study.labels is None else agreement(study.labels, one.labels)
        texts = ("–", "–") if scores is None else (f"{scores['ari']:.3f}", f"{scores['ami']:.3f}")
        total = one.within + one.between
        noise = f"{np.mean(one.labels < 0):.0%}" if one.labels.min() < 0 else "–"
        numbers = (f"{one.within:.5g}", f"{one.between:.5g}", f"{one.between / total:.1%}" if total else "–")
        found.append((name, str(len(one.centers)), noise, *numbers, *texts))
    return found


def lines(study: Study) -> list[str]:
    """The table of measures as text, for a terminal."""
    found = board(study)
    width = max(len(row.label) for row in found["rows"])
    heads = [head for head, _ in found["heads"]]
    rows = [[text for text, _ in row.cells] for row in found["rows"]]
    out = ["  ".join([" " * width, *heads])]
    for row, cells in zip(found["rows"], rows, strict=True):
        out.append("  ".join([row.label.ljust(width), *(c.rjust(len(h)) for h, c in zip(heads, cells, strict=True))]))
    return out


def how(dataset: Dataset, environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the provenance of a study: names and texts.

    Args:
      dataset: the data.
      environment: from `nnjax.runs.environment.describe_environment`.
    """
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    devices = ", ".join(f"{count} × {name}" for name, count in Counter(environment["devices"]).items())
    rows = [
        ("command", environment["command"]),
        ("seconds", f"{sum(environment['sessions']):.1f}"),
        ("data", f"{dataset.source}; SHA-256 {dataset.sha256[:16]}…"),
        ("versions", versions),
        ("commit", environment["commit"]),
        ("devices", devices),
    ]
    return [(name, text) for name, text in rows if text]
