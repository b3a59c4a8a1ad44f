import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.data import prepare
from nnjax.embed.representations import representations


def test_representations_of_digits():
    """PCA of all 64 pixels keeps all distances; two components do not."""
    found = {one.name: one for one in representations(prepare(DataConfig("digits")))}
    assert list(found) == ["all 64 inputs", "PCA 2", "PCA 16"]
    assert found["all 64 inputs"].accuracy > 0.95
    assert found["PCA 2"].recall < found["PCA 16"].recall < 1


def test_data_without_classes():
    with pytest.raises(UserError, match="line has no labeled examples"):
        representations(prepare(DataConfig("line")))
