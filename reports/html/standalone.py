"""The page as one file to keep: styles and pictures inside, nothing fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from reports.html.fragment import FIGURE_ADDRESS
from reports.html.markup import element, written

# What the site's own style sheets give and a file of its own lacks.
BASE = (
    "body { font-family: system-ui, sans-serif; max-width: 62rem; margin: 1rem auto; padding: 0 1rem; color: #1a1a1a; }"
    " .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }"
)


def standalone(title: str, markup: str, figures: Sequence[bytes]) -> bytes:
    """A whole HTML file of a fragment's markup and its pictures."""
    for number, svg in enumerate(figures, start=1):
        address = FIGURE_ADDRESS.format(number=number)
        markup = markup.replace(f'src="{address}"', f'src="data:image/svg+xml;base64,{b64encode(svg).decode()}"')
    styles = files("reports").joinpath("static/reports/report.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{written(title)}</title><style>{BASE}\n{styles}</style>"
    )
    body = element("main", element("h1", written(title)) + markup)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'.encode()
