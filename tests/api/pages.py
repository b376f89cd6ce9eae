"""What tests of reports share: a page, read as a browser would."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from polyfuse._report_evaluation import evaluate

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Tags with their attributes, the text outside of styles, and whether tags are nested well."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = self.style = ""
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
        else:
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def evaluation(model, blocks, y, **options):
    given = {"cv": 5, "groups": None, "present": None, "class_names": None, "seed": 0, **options}
    return evaluate(model, blocks, y, progress=lambda *_: None, **given)


def headline(page):
    return re.search(r"<h1>(.*?)</h1>", page.source)[1]
