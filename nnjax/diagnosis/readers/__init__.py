"""Readers of learning curves, one a module; the first that recognizes a file's content reads it.

See docs/reading_logs.md for what each reads.
"""

from nnjax.diagnosis.readers import (
    arrays,
    delimited,
    json_lines,
    json_tables,
    keras_console,
    list_cells,
    mlflow,
    notebook,
    plain_log,
    printed_lists,
    tensorboard,
    trainer_state,
    unsupported_formats,
)
from nnjax.diagnosis.readers.source import Reader

READERS: tuple[Reader, ...] = (
    tensorboard.READER,
    mlflow.READER,
    arrays.READER,
    unsupported_formats.READER,
    notebook.READER,
    trainer_state.READER,
    json_tables.READER,
    json_lines.READER,
    list_cells.READER,
    keras_console.READER,
    printed_lists.READER,
    delimited.READER,
    plain_log.READER,
)

__all__ = ["READERS"]
