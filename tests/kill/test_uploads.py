"""T8: an upload that breaks off, or says that it is longer than it is, leaves no row and no file."""

from __future__ import annotations

import re
import socket
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, cast

from tests.engines.clones import ROOT
from tests.engines.site import RunningSite
from tests.kill.person import FIELD, Person, rows

BOUNDARY = "----cut-here"
STATS = ROOT / "tests" / "imaging" / "data" / "aseg.stats"
COUNT = "SELECT count(*) FROM imaging_upload"
SESSION = (
    "SELECT p.study_id, s.timepoint FROM imaging_imagingsession s "
    "JOIN participants_participant p ON p.id = s.participant_id ORDER BY p.study_id, s.timepoint LIMIT 1"
)


def files(site: RunningSite) -> list[Path]:
    """Every file kept of imports, unconfirmed and half ones too."""
    return sorted(path for path in (site.var_dir / "uploads").rglob("*") if path.is_file())


def cookies(person: Person) -> str:
    """The cookies of somebody signed in, as a header."""
    request, opener = urllib.request.Request(person.address), cast("Any", person.opener)
    for handler in opener.handlers:
        if isinstance(handler, urllib.request.HTTPCookieProcessor):
            handler.cookiejar.add_cookie_header(request)
    return request.get_header("Cookie") or ""


def upload(person: Person, path: str) -> bytes:
    """The body of an import as a browser sends it, its file last."""
    fields = {**dict(FIELD.findall(person.get(path).decode())), "made_by": "FreeSurfer 7.4"}
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="aseg.stats"\r\n\r\n'
    return "".join([*parts, head]).encode() + STATS.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(person: Person, path: str, body: bytes, *, told: int) -> int:
    """Send a body of which the request says that it is `told` long, and close; the status, 0 for no answer."""
    place = urllib.parse.urlsplit(person.address)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookies(person)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {told}\r\n\r\n"
    )
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as wire:
        wire.sendall(head.encode() + body)
        if told > len(body):
            wire.shutdown(socket.SHUT_WR)
        try:
            found = re.match(rb"HTTP/1\.[01] (\d+)", wire.recv(4096))
        except OSError:
            found = None
    return int(found[1]) if found else 0


def test_a_cut_upload_leaves_nothing_and_a_whole_one_its_preview(running_demo_site: RunningSite) -> None:
    site = running_demo_site
    before, kept = rows(site.database_url, COUNT), files(site)
    ((study_id, timepoint),) = rows(site.database_url, SESSION)
    analyst, path = Person(site.url, "imaging"), f"/imaging/{study_id}/{timepoint}/volumes/"
    whole = upload(analyst, path)
    for share in (0.01, 0.5, 0.99):
        assert send(analyst, path, whole[: int(len(whole) * share)], told=len(whole)) in {0, 400}
    assert send(analyst, path, whole, told=len(whole) + 10_000) in {0, 400}
    time.sleep(1)
    assert rows(site.database_url, COUNT) == before
    assert files(site) == kept
    assert send(analyst, path, whole, told=len(whole)) == 200
    assert [file.parent.name for file in files(site) if file not in kept] == ["unconfirmed"]
    assert rows(site.database_url, COUNT) == before
