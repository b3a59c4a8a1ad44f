"""The section in which trained networks can be played with; large ones have a page of their own beside the report."""

from typing import Any

from nnjax.report import rendering
from nnjax.report.context import ReportContext
from nnjax.report.interactive_networks import interactive_networks
from nnjax.report.section import Section

SCRIPTS = ("networks", "play_controls", "play")
INLINE_BYTES = 300_000  # of weights as text, up to which they are in the report itself
FILE = "play.html"


def build(report: ReportContext) -> dict[str, Any] | None:
    """Describe the networks that the page can compute; None where there are none."""
    best_first = [snapshot for goal in report.ranked_by_goal for snapshot in report.best_snapshots(goal)]
    found = interactive_networks(best_first)
    if not found:
        return None
    inside = sum(len(one["weights"]) for one in found) <= INLINE_BYTES
    title = report.run.title.rstrip(".") or report.run.facts(found[0]["trial"]).name
    return {"networks": found, "inside": inside, "file": f"figures/{FILE}", "title": title, "goals": _what(found)}


def _what(found: list[dict[str, Any]]) -> list[str]:
    """Say what can be done with the networks."""
    images = any(one["image"] for one in found)
    phrases = {
        "draw an image, or choose a test example, and see what each layer makes of it": images,
        "move the numbers of a code and see the image that they stand for, and walk from one example to another": any(
            "code" in one for one in found
        ),
        "move the columns of a row and see the answer": not images,
        "look at the plane of both inputs": any("plane" in one for one in found),
    }
    return [phrase for phrase, holds in phrases.items() if holds]


def page_of(content: dict[str, Any]) -> bytes:
    """Write the page of networks that are too large for the report."""
    text = rendering.template("play_page.html.jinja").render(content=content, script=rendering.join_scripts(SCRIPTS))
    return bytes(text.encode("utf-8"))


SECTION = Section(
    title="Play with the networks",
    order=45,
    build=build,
    template="play.html.jinja",
    scripts=SCRIPTS,
    figures=lambda content: {} if content["inside"] else {FILE: page_of(content)},
)
