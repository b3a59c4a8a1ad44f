"""Whose folder a study's is."""

import dataclasses

import pytest

from nnjax.cli.study import MARK, Study, open_folder
from nnjax.core.errors import UserError


@dataclasses.dataclass(frozen=True)
class Asking:
    sets: tuple[str, ...] = ("digits",)

    def run(self, workdir, log):
        return workdir


def test_the_same_study_finds_its_folder_again(tmp_path):
    assert isinstance(Asking(), Study)
    folder = open_folder(Asking(), str(tmp_path / "runs" / "a"))
    (folder / "results.csv").write_text("", "utf-8")
    assert open_folder(Asking(), str(folder)) == folder
    assert sorted(file.name for file in folder.iterdir()) == ["results.csv", MARK]


def test_another_study_is_refused(tmp_path):
    open_folder(Asking(), str(tmp_path))
    with pytest.raises(UserError, match=r"holds Asking\(sets=\('digits',\)\), but this is Asking\(sets=\('iris',\)\)"):
        open_folder(Asking(("iris",)), str(tmp_path))


def test_a_file_and_a_strange_folder_are_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match=r"something else \(such as config\.json\)"):
        open_folder(Asking(), str(tmp_path))
    with pytest.raises(UserError, match="is a file; name a folder"):
        open_folder(Asking(), str(tmp_path / "config.json"))
