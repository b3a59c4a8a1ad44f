"""Against a server on this machine (mirror.py), never the internet."""

import gzip

import pytest
from mirror import CONTENTS, FILES, RAW

from nnjax.core.errors import UserError
from nnjax.data import download


def fetch(server, folder, *moods, **further):
    return download.fetch(folder, [f"{server.url}{mood}/" for mood in moods], CONTENTS, **further)


def check(folder):
    """The files are there, whole, and nothing else."""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_a_good_server(server, tmp_path):
    seen = []
    paths = fetch(server, tmp_path / "a" / "b", "good", progress=lambda *what: seen.append(what))
    assert [path.name for path in paths] == ["images.gz", "labels.gz"]
    check(tmp_path / "a" / "b")
    size = len(FILES["images.gz"])
    assert ("images.gz", size, size) in seen
    assert [request[1:] for request in server.requests] == [("images.gz", None), ("labels.gz", None)]


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetch(server, tmp_path, "good")
    server.requests.clear()
    fetch(server, tmp_path, "good")
    assert server.requests == []
    other = gzip.compress(RAW["images"], 1, mtime=0)  # the same content, zipped otherwise, as Debian's package does
    (tmp_path / "images.gz").write_bytes(other)
    fetch(server, tmp_path, "good")
    assert server.requests == []


def test_a_damaged_file_is_replaced(server, tmp_path):
    (tmp_path / "images.gz").write_bytes(FILES["images.gz"][:1000])
    fetch(server, tmp_path, "good")
    check(tmp_path)


def test_a_transfer_that_breaks_off_goes_on_at_the_next_mirror(server, tmp_path):
    fetch(server, tmp_path, "breaks", "good")
    check(tmp_path)
    half = len(FILES["images.gz"]) // 2
    assert server.requests[:2] == [("breaks", "images.gz", None), ("good", "images.gz", f"bytes={half}-")]


def test_a_later_call_goes_on_from_the_part(server, tmp_path):
    with pytest.raises(UserError, match=r"images\.gz could not be downloaded .*broke off after"):
        fetch(server, tmp_path, "breaks")
    part = tmp_path / "images.gz.part"
    assert list(tmp_path.iterdir()) == [part]
    have = part.stat().st_size
    assert part.read_bytes() == FILES["images.gz"][:have]
    server.requests.clear()
    fetch(server, tmp_path, "good")
    check(tmp_path)
    assert server.requests[0] == ("good", "images.gz", f"bytes={have}-")


def test_a_server_without_ranges_sends_all_of_it_once(server, tmp_path):
    (tmp_path / "images.gz.part").write_bytes(FILES["images.gz"][:1000])
    fetch(server, tmp_path, "norange")
    check(tmp_path)
    assert server.requests == [("norange", "images.gz", "bytes=1000-"), ("norange", "labels.gz", None)]


def test_a_whole_part_needs_no_transfer(server, tmp_path):
    """As after a call that was killed between the last byte and the renaming."""
    for name, data in FILES.items():
        (tmp_path / f"{name}.part").write_bytes(data)
    fetch(server, tmp_path, "missing")
    check(tmp_path)
    assert server.requests == []


@pytest.mark.parametrize("mood", ["good", "norange", "nolength"])
@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * 10_000_000, b""])
def test_a_foreign_part_is_thrown_away(server, tmp_path, mood, part):
    """Its bytes spoil the checksum, or it is longer than the file (416); the second round starts afresh."""
    (tmp_path / "images.gz.part").write_bytes(part)
    fetch(server, tmp_path, mood)
    check(tmp_path)


@pytest.mark.parametrize(
    ("mood", "reason"), [("missing", "answered 404"), ("wrong", "SHA-256"), ("garbage", "SHA-256")]
)
def test_a_bad_mirror_is_passed_over_and_alone_leaves_nothing(server, tmp_path, mood, reason):
    fetch(server, tmp_path / "two", mood, "good")
    check(tmp_path / "two")
    with pytest.raises(UserError, match=reason) as error:
        fetch(server, tmp_path / "one", mood)
    assert f"{server.url}{mood}/images.gz" in str(error.value)
    assert not list((tmp_path / "one").glob("*"))


def test_no_server_at_all(server, tmp_path):
    with pytest.raises(UserError, match=r"images\.gz could not be downloaded .*refused"):
        download.fetch(tmp_path / "x", ["http://127.0.0.1:1/"], CONTENTS)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_made_is_not_blamed_on_the_mirrors(server, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UserError, match="file is a file, but a folder"):
        fetch(server, tmp_path / "file" / "mnist", "good")
