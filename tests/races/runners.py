"""People at a running site who press the same button at the same moment."""

from __future__ import annotations

import http.client
import re
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from trial.users.models import User

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT = 60.0


class Runner:
    """Somebody signed in to the site, over a connection that stays open."""

    def __init__(self, site: str, person: User) -> None:
        signed_in = Client()
        signed_in.force_login(person)
        self.cookies = {settings.SESSION_COOKIE_NAME: signed_in.cookies[settings.SESSION_COOKIE_NAME].value}
        self.connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=TIMEOUT)

    def open(self, path: str) -> str:
        """Open a form; its page."""
        status, page = self.ask("GET", path)
        assert status == 200, (status, page[:400])
        found = TOKEN.search(page)
        assert found, "the page has no form"
        self.token = found[1]
        return page

    def send(self, path: str, fields: dict[str, str]) -> int:
        """Send a form opened before; the status of the answer."""
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": self.token})
        return self.ask("POST", path, body)[0]

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """One request; the status and the page."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer.status, page


def together(first: Runner, second: Runner, path: str, forms: tuple[dict[str, str], dict[str, str]]) -> list[int]:
    """Both send their form at once; the statuses of the answers."""
    barrier = threading.Barrier(2)

    def run(who: Runner, fields: dict[str, str]) -> int:
        barrier.wait()
        return who.send(path, fields)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, (first, second), forms))
