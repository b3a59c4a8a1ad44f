"""Files to write."""

import pytest

from nnjax.core.errors import UserError
from nnjax.core.files import check_out


def test_the_path_of_a_file_to_write_is_checked(tmp_path, monkeypatch):
    assert check_out(str(tmp_path / "a.csv"), ".csv", ".npz") == str(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"'a' ends in '', but .csv or .npz was expected"):
        check_out("a", ".csv", ".npz")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert check_out("~/a.csv", ".csv") == str(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"The folder of .* does not exist"):
        check_out(str(tmp_path / "b" / "a.csv"), ".csv")
