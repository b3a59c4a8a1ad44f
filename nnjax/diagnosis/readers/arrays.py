"""Arrays of NumPy: .npy with a curve or a table, .npz with curves by name; nothing is unpickled."""

import io

import numpy as np

from nnjax.core.archives import DAMAGE, describe, read_npz
from nnjax.core.errors import UserError
from nnjax.diagnosis.readers import headerless
from nnjax.diagnosis.readers.json_tables import from_tree
from nnjax.diagnosis.readers.source import Log, Reader, Source


def recognizes(source: Source) -> bool:
    """Whether it is an array, or a zip archive of arrays."""
    data = source.data
    return (data.startswith(b"\x93NUMPY") and b"'|O'" not in data[:128]) or (
        data.startswith(b"PK") and b".npy" in data[:200]
    )


def read(source: Source) -> Log:
    """Read the curves; UserError for pickled objects, damage, or no numbers."""
    try:
        if source.data.startswith(b"PK"):
            return from_tree(dict(read_npz(io.BytesIO(source.data))), source.name)
        array = np.load(io.BytesIO(source.data), allow_pickle=False)
    except DAMAGE as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{source.name} cannot be read ({describe(error)}); an array of numbers was expected."
        ) from None
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or not array.size:
        raise UserError(
            f"{source.name} holds an array of {array.dtype} with the shape {list(array.shape)}; curves, [epochs] or "
            "[epochs, columns], were expected."
        )
    return headerless.from_array(source.name, array.astype(float).reshape(len(array), -1))


READER = Reader("an array of NumPy", recognizes, read)
