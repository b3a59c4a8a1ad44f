"""Run folders of MLflow: a file a metric in metrics/, each line a time, a value and a step (FileStore's layout)."""

import pathlib

from nnjax.core.errors import UserError
from nnjax.diagnosis.columns import NOT_FINITE
from nnjax.diagnosis.readers.averaging import align
from nnjax.diagnosis.readers.cells import NoNumber, numbers
from nnjax.diagnosis.readers.source import Log, Reader, Source, decode


def recognizes(source: Source) -> bool:
    """Whether it is a folder with meta.yaml and metrics/."""
    return (source.path / "meta.yaml").exists() and (source.path / "metrics").is_dir()


def read(source: Source) -> Log:
    """Read the metrics of a run; UserError if a file has other lines, or there is none."""
    folder = source.path / "metrics"
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    points = {file.relative_to(folder).as_posix(): _points(file) for file in files}
    table, remarks = align(points, source.name)
    if not table:
        raise UserError(f"{source.name} has no metrics; a run of MLflow with a metric such as loss was expected.")
    return Log({"": table}, remarks=tuple(remarks))


def _points(file: pathlib.Path) -> dict[float, float]:
    rows = [line.split() for line in (decode(file.read_bytes()) or "").splitlines() if line.strip()]
    try:
        steps, values = numbers([row[2] for row in rows]), numbers([row[1] for row in rows])
    except (IndexError, NoNumber):
        raise UserError(f"{file} is no metric of MLflow: lines of a time, a value and a step were expected.") from None
    steps = steps if len(set(steps.tolist())) > 1 else numbers(range(len(rows)))  # logged without steps
    return {step: NOT_FINITE if value != value else value for step, value in zip(steps, values, strict=True)}


READER = Reader("a run of MLflow", recognizes, read)
