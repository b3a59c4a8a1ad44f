"""Hooks of MkDocs: folders in the navigation, and pages for the files that the documentation links to outside docs/."""

import os
import pathlib
import re
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
UNNAMED = (  # the theme's icons
    ("md-header__button", "__drawer", "Menu"),
    ("md-header__button", "__search", "Search"),
    ("md-search__icon", "__search", "Search"),
)
ADDED = ("CHANGELOG.md", "CONTRIBUTING.md")  # pages of the navigation that lie outside docs/
SHIM = "https://unpkg.com/iframe-worker/shim"  # by which search works from the disk; the site brings its own copy
LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml"}


def on_config(config: Any) -> Any:
    """Replace folders in the navigation by their pages."""
    config.nav = expanded(config.nav, str(config.nav))
    return config


def expanded(entry: Any, named: str) -> Any:
    """Return a part of the navigation in which a folder is the list of its pages that are not named elsewhere."""
    if isinstance(entry, list):
        return [expanded(inner, named) for inner in entry]
    if isinstance(entry, dict):
        return {title: expanded(inner, named) for title, inner in entry.items()}
    if not entry.endswith("/"):
        return entry
    pages = sorted(path for path in (DOCS / entry).iterdir() if path.suffix in (".md", ".ipynb"))
    return [name for name in (path.relative_to(DOCS).as_posix() for path in pages) if name not in named]


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each file or folder outside docs/ that a page links to, and for those that these link to."""
    waiting = [target for file in files if file.src_uri.endswith(".md") for target in outside(file.src_uri)]
    waiting += [ROOT / name for name in ADDED]
    while waiting:
        target = waiting.pop()
        name = site_name(target)
        if files.get_file_from_path(name) is None:
            named = InclusionLevel.UNDEFINED if target.name in ADDED else InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, name, content=page_of(target), inclusion=named))
            waiting += outside(name) if target.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links that leave docs/ to the pages made for their targets, and links of those pages back into docs/."""
    name = page.file.src_uri

    def changed(match: re.Match[str]) -> str:
        target = target_of(name, match[2])
        if target is None or not target.exists():
            return match[0]
        return f"{match[1]}{os.path.relpath(site_name(target), pathlib.PurePosixPath(name).parent)}{match[3] or ''})"

    return LINK.sub(changed, markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Load nothing from the network, and name the theme's icons."""
    for kind, use, name in UNNAMED:
        output = output.replace(f'{kind} md-icon" for="{use}">', f'{kind} md-icon" for="{use}" title="{name}">')
    return output.replace(SHIM, os.path.relpath("assets/iframe-worker-shim.js", pathlib.PurePosixPath(page.url).parent))


def outside(name: str) -> list[pathlib.Path]:
    """Return the files and folders outside docs/ that a page links to."""
    text = FENCED.sub("", source_of(name).read_text("utf-8"))
    targets = [target_of(name, match[2]) for match in LINK.finditer(text)]
    return [target for target in targets if target and target.exists() and DOCS not in (target, *target.parents)]


def target_of(name: str, link: str) -> pathlib.Path | None:
    """Return the path in the repository that a page's link means; None for an address of the web."""
    if "://" in link or link.startswith("mailto:"):
        return None
    return pathlib.Path(os.path.normpath(source_of(name).parent / link))


def source_of(name: str) -> pathlib.Path:
    """Return the file of a page of the site."""
    return ROOT / name.removeprefix("source/") if name.startswith("source/") else DOCS / name


def site_name(target: pathlib.Path) -> str:
    """Return the page of the site that shows a file or a folder of the repository."""
    if DOCS in target.parents:
        target = min(target.glob("*.md")) if target.is_dir() else target  # a folder opens with its first page
        return target.relative_to(DOCS).as_posix()
    return f"source/{target.relative_to(ROOT).as_posix()}{'' if target.suffix == '.md' else '.md'}"


def page_of(target: pathlib.Path) -> str:
    """Return the Markdown that shows a file, or lists a folder."""
    if target.suffix == ".md":
        return target.read_text("utf-8")
    title = f"# {target.relative_to(ROOT).as_posix()}\n\n"
    if target.is_dir():
        return title + "\n".join(f"- {path.name}" for path in sorted(target.iterdir()))
    return f"{title}````{LANGUAGES.get(target.suffix, '')}\n{target.read_text('utf-8')}\n````\n"
