"""Every relative link of README and docs/ leads to a file, every anchor to a heading, and the site names every page."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAVIGATION = re.findall(r"- .*: (\S+)$", (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:")[1], re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(text):
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page):
    found = []
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else page.parent / path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8"))):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](page.md#a-title) [b](page.md#none) [c](gone.md) [d](https://a.b)\n", "utf-8")
    assert broken(page) == ["page.md#none", "gone.md"]


def test_every_page_is_in_the_navigation():
    folders = [entry for entry in NAVIGATION if entry.endswith("/")]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    missing = {page for page in pages if page not in NAVIGATION and not page.startswith(tuple(folders))}
    assert not missing, "give these pages a line in mkdocs.yml's nav"
    assert {entry for entry in NAVIGATION if not entry.startswith("source/") and not entry.endswith("/")} <= pages
