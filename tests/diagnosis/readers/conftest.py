"""What the tests of readers share: a file of some content, as it is read."""

import numpy as np
import pytest
from log_curves import LOSS, VAL

from nnjax.diagnosis.reading import read


@pytest.fixture
def loaded(tmp_path):
    """Write a file and read it: loaded(content, name)."""

    def load(content, name="log"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return read(path)

    return load


@pytest.fixture
def both(loaded):
    """Check that a file is read as the train loss `LOSS` and the validation loss `VAL`; give what was read."""

    def check(content, name="log"):
        found = loaded(content, name)
        np.testing.assert_allclose(found.curves.train_loss, [LOSS], rtol=1e-6)
        np.testing.assert_allclose(found.curves.val_loss, [VAL], rtol=1e-6)
        return found

    return check
