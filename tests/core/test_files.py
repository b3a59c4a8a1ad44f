"""Files to write."""

import os
import secrets

import pytest
from systems import posix

from nnjax.core.errors import UserError
from nnjax.core.files import check_out, check_out_folder, write_atomically


def test_the_path_of_a_file_to_write_is_checked(tmp_path, monkeypatch):
    assert check_out(str(tmp_path / "a.csv"), ".csv", ".npz") == str(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"'a' ends in '', but .csv or .npz was expected"):
        check_out("a", ".csv", ".npz")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert check_out("~/a.csv", ".csv") == str(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"The folder of .* does not exist"):
        check_out(str(tmp_path / "b" / "a.csv"), ".csv")


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0")
    (tmp_path / "victim").write_text("mine", "utf-8")
    (tmp_path / ".a.csv.0.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "a.csv", "theirs")
    assert (tmp_path / "victim").read_text("utf-8") == "mine"
    assert (tmp_path / ".a.csv.0.tmp").is_symlink()


@posix
def test_a_rename_is_flushed_to_disk_with_its_folder(tmp_path, monkeypatch):
    calls, fsync, rename = [], os.fsync, os.replace
    is_folder = lambda descriptor: os.path.samestat(os.fstat(descriptor), os.stat(tmp_path))  # noqa: E731
    monkeypatch.setattr(os, "fsync", lambda f: (calls.append("folder" if is_folder(f) else "file"), fsync(f))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), rename(a, b))[1])
    write_atomically(tmp_path / "a.csv", "1")
    assert calls == ["file", "rename", "folder"]


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    name = "ä" * 125 + ".csv"
    write_atomically(tmp_path / name, "1")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", r"The folder .*file is a file; name a folder"),
        ("file/run", r"lies in the file .*file; name a folder"),
        ("t.csv", r"is named like a file \(.csv\); name a folder"),
        ("report.html", r"is named like a file \(.html\)"),
        ("a" * 300, r"cannot be used \(File name too long\)"),
        ("a\0b", r"cannot be used \(embedded null (byte|character)"),
    ],
)
def test_a_folder_to_write_into_is_checked(tmp_path, name, message):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=message):
        check_out_folder(tmp_path / name)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path, monkeypatch):
    assert check_out_folder(tmp_path / "a" / "b.2024") == tmp_path / "a" / "b.2024"
    (tmp_path / "old.csv").mkdir()
    assert check_out_folder(tmp_path / "old.csv") == tmp_path / "old.csv"
    monkeypatch.chdir(tmp_path)
    assert str(check_out_folder("runs/x")) == os.path.join("runs", "x")
    assert os.listdir(tmp_path) == ["old.csv"]


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(UserError, match=r"b' cannot be written \(no permission for the folder .*\)"):
        check_out_folder(tmp_path / "b")
    with pytest.raises(UserError, match=r"a.csv' cannot be written \(no permission for the folder .*\)"):
        check_out(str(tmp_path / "a.csv"), ".csv")


def test_a_folder_is_no_file_to_write(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(UserError, match=r"a.csv' is a folder, but a file to write was expected"):
        check_out(str(tmp_path / "a.csv"), ".csv")
