"""Requests made by chance: a form of the site filled in wrongly, or an address, a method, a header that is odd.

A request follows from its seed and number alone, so that one that fails can be sent again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "fuzzed"
TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "x" * 70_000,
    "\ud800",
    "\u202eabc\u200f",
    "😀" * 300,
    "e\u0301",
    "<script>alert(1)</script>",
    "{{ 7*7 }}%s{0}",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\r\nX-Injected: 1",
)
NUMBERS = (
    "-1",
    "0",
    "9" * 400,
    "-" + "9" * 30,
    "1e309",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1_000",
    "0x10",
    "٣",
    "1,5",
)
TIMES = (
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "0000-00-00",
    "2026-13-01T25:61",
    "2026-03-08T02:30",
    "2026-11-01T01:30",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "23:59:60",
)
IDENTITIES = ("not-a-uuid", "0" * 32, "00000000-0000-0000-0000-000000000000", "{}", "-1", "None", "1" * 5000)
VALUES = TEXTS + NUMBERS + TIMES + IDENTITIES
# What a person could enter into an empty field of a kind; of all others a few words.
PLAUSIBLE = {
    "number": ("0", "1", "7", "72", "120", "0.15"),
    "date": ("2014-02-03", "2026-03-10"),
    "datetime-local": ("2014-02-03T10:00", "2026-03-10T10:00"),
    "time": ("10:00",),
    "checkbox": ("on",),
    "password": ("not the password",),
    "email": ("somebody@example.org",),
}
WORDS = ("as in the source",)
UPLOADS = (
    b"",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"\x89PNG\r\n",
    b"node\tvalue\n1\t",
    b"# Measure Cortex\n1 2 3\n",
    b"a\0b\t\n" * 9,
)
TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data",
    "x",
    "",
    f"{FORM}; charset=utf-7",
    f"{FORM}; charset=x",
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "application/json"},
    {"Accept": "\x7f;q=x"},
    {"HX-Request": "true"},
    {"HX-Request": "true", "HX-Current-URL": "http://[broken", "HX-Prompt": "%E0%A4%A"},
    {"HX-Request": "maybe", "HX-Target": "x" * 4000},
    {"Referer": "http://[::1", "X-User-Action": "1"},
    {"Accept-Language": "xx-" * 300, "If-Modified-Since": "yesterday", "Range": "bytes=9-1"},
    {"X-Forwarded-For": "not an address", "Cookie": "sessionid=\x01; csrftoken"},
)
SEGMENTS = ("%00", "%ff", "..", "%2e%2e", "%F0%9F%98%80", "9" * 300, "STL-0", "'", "%0d%0a", "None", "-1", "a" * 3000)
METHODS = (*["GET"] * 12, "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@dataclass(frozen=True)
class Fuzzed:
    """One request, whole."""

    method: str
    address: str
    body: bytes
    content_type: str
    headers: dict[str, str]


class Fields(HTMLParser):
    """What the forms of a page could send: each field with the values that it shows, or with plausible ones."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.selects = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field, and of a choice every value that it offers."""
        given = {name: value or "" for name, value in attrs}
        if tag == "select":
            self.selects = given.get("name", "")
        if tag in ("input", "select", "textarea", "button") and (name := given.get("name")):
            self.found.append((name, given.get("value", "")))
            if tag in ("input", "textarea") and not given.get("value"):
                self.found.extend((name, value) for value in PLAUSIBLE.get(given.get("type", ""), WORDS))
        if tag == "option" and self.selects:
            self.found.append((self.selects, given.get("value", "")))


def fields_of(page: str) -> list[tuple[str, str]]:
    """The fields of a page's forms; where one has several values, each of them once."""
    return list(dict.fromkeys(Fields(page).found))


def fuzzed(chance: random.Random, address: str, fields: list[tuple[str, str]]) -> Fuzzed:
    """A request to *address*: mostly its form, where its page has one; else odd questions, methods and places."""
    headers = chance.choice(HEADERS) if chance.random() < 0.4 else {}
    is_form = chance.random() < (0.8 if fields else 0.15)
    place = address + _query(chance, fields, often=not is_form)
    if not is_form:
        method = chance.choice(METHODS)
        return Fuzzed(method, _misplaced(chance, place), _text(chance).encode("utf-8", "surrogatepass"), FORM, headers)
    sent = _filled(chance, fields)
    kind = chance.random()
    if kind < 0.7:
        body, content_type = urlencode(sent, errors="surrogatepass").encode(), FORM
    elif kind < 0.9:
        body, content_type = _multipart(chance, sent), f"multipart/form-data; boundary={BOUNDARY}"
    else:
        body, content_type = chance.randbytes(chance.choice((0, 1, 300))), chance.choice(TYPES)
    if chance.random() < 0.05:
        body = body.replace(b"%", b"%f", 3)[: chance.randrange(1, 400)]
    return Fuzzed("POST", place, body, content_type, headers)


def _filled(chance: random.Random, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The form as its page shows it, with a few fields left out, repeated, or filled in wrongly."""
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name, []).append(value)
    sent = [(name, chance.choice(values)) for name, values in by_name.items()]
    for _ in range(chance.randrange(4)):
        if sent:
            at = chance.randrange(len(sent))
            way = chance.random()
            if way < 0.15:
                del sent[at]
            elif way < 0.3:
                sent.insert(at, (sent[at][0], _text(chance)))
            else:
                sent[at] = (sent[at][0], _text(chance))
    if chance.random() < 0.3:
        sent = [(name, value or _text(chance)) for name, value in sent]
    if chance.random() < 0.05:
        sent.append((_text(chance)[:200], _text(chance)))
    return sent


def _text(chance: random.Random) -> str:
    return chance.choice(VALUES)


def _query(chance: random.Random, fields: list[tuple[str, str]], *, often: bool) -> str:
    """A query string, or none."""
    if chance.random() < (0.3 if often else 0.8):
        return ""
    names = ["q", "page", "sort", "field", "next", "site", "from", "to", "kind", *(name for name, _ in fields[:20])]
    pairs = [(chance.choice(names), _text(chance)[:500]) for _ in range(chance.randrange(1, 4))]
    return "?" + urlencode(pairs, errors="surrogatepass") + chance.choice(("", "&", "&=", "&%", "&a[]=1"))


def _misplaced(chance: random.Random, address: str) -> str:
    """The address, sometimes with an odd part in place of one of its own."""
    if chance.random() < 0.6:
        return address
    path, mark, query = address.partition("?")
    parts = path.split("/")
    parts[chance.randrange(1, len(parts))] = chance.choice(SEGMENTS)
    return quote("/".join(parts), safe="/%.'-") + mark + query


def _multipart(chance: random.Random, sent: list[tuple[str, str]]) -> bytes:
    """A form with files, whole or broken."""
    parts = []
    for name, value in sent:
        is_file = name == "file" or chance.random() < 0.1
        file_name = f'; filename="{chance.choice(("a.tsv", "../x", "", chr(0x202E)))}"' if is_file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'
        content = (
            chance.choice(UPLOADS) if is_file and chance.random() < 0.7 else value.encode("utf-8", "surrogatepass")
        )
        parts.append(head.encode("utf-8", "surrogatepass") + content + b"\r\n")
    end = f"--{BOUNDARY}--\r\n".encode() if chance.random() < 0.9 else b""
    return b"".join(parts) + end
