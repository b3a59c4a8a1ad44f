"""What a browser would find in a page."""

import html.parser

from nnjax.report import page
from nnjax.report.context import ReportContext
from nnjax.report.section import find_sections


class Page(html.parser.HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.text, self.open = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.text.append(data)

    def sections(self):
        return [value for tag, name, value in self.attributes if tag == "section" and name == "id"]


def text_of(run) -> str:
    """The report of a run, without writing it."""
    report, sections = ReportContext(run), find_sections()
    return page.render(report, sections, page.build(report, sections))
