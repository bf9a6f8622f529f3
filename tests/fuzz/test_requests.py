"""No request makes the site fail: forms filled in wrongly, odd addresses, methods and headers, from every role.

The same requests in every run, so that a change answers for what it breaks and not for chance; FUZZ_SEED=new draws
others. FUZZ_SEED and FUZZ_NUMBER repeat one request; both stand in the message of a request that fails.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from tests.fuzz.requests import Fuzzed, fields_of, fuzzed
from tests.trial.addresses import Addresses, patterns
from tests.trial.test_permissions import ACCOUNTS, signed_in, undone
from trial.urls import handler500, urlpatterns
from trial.users.models import User

# The interface for programmes is put to schemathesis: tests/api/test_schema.py.
NAMES = sorted(name for name in patterns() if not name.startswith("api:"))
# That no worker runs beside the tests is what this address is there to say.
UNWELL = ("records:health", 503)
# Pages, ways on, refusals of what was typed, of who asks and of the method: chance reaches into the site.
REACHED = {200, 302, 403, 404, 405, 422}
SEED = "k96"
LOG = logging.getLogger("tests.fuzz")
TRACE = b"Traceback (most recent call last)"
FAILING = "/infusion/fails/"


def fails(request: HttpRequest) -> HttpResponse:
    """A form with a fault that one value finds."""
    if "sNaN" in request.POST.values():
        raise KeyError("control")
    return HttpResponse('<form method="post"><input name="value" type="number"></form>')


class WithAFault:
    """The site's addresses and one that fails."""

    urlpatterns = (path("infusion/fails/", fails, name="fails"), *urlpatterns)
    handler500 = handler500


class Fuzzer:
    """Sends requests by number, each from one role, and takes back what it wrote."""

    def __init__(self, demo: Addresses, seed: str) -> None:
        self.seed = seed
        self.roles = [*ACCOUNTS, "nobody"]
        self.clients: list[Client] = []
        self.seen: Counter[int] = Counter()
        self.addresses = {name: demo.own(name) for name in NAMES}
        self.fields: dict[tuple[str, int], list[tuple[str, str]]] = {}

    def send(self, number: int) -> tuple[Fuzzed, Any]:
        """Send request *number*: every address in turn, each time from another role."""
        name = NAMES[number % len(NAMES)]
        who = self.who(number)
        if not self.clients or name == NAMES[0]:
            self.sign_in()
        chance = random.Random(f"{self.seed}-{number}")
        request = fuzzed(chance, self.addresses[name], self.fields_at(name, who))
        answer = self.answer(self.clients[who], request)
        self.seen[answer.status_code] += 1
        return request, answer

    def sign_in(self) -> None:
        """Sign everybody in, now and then: what a request does is taken back, so that every session goes idle."""
        people = [User.objects.get(username=name) for name in ACCOUNTS.values()]
        self.clients = [*map(signed_in, people), Client(raise_request_exception=False)]

    def who(self, number: int) -> int:
        """Which of the clients sends request *number*."""
        return (number // len(NAMES) + number) % len(self.roles)

    def fields_at(self, name: str, who: int) -> list[tuple[str, str]]:
        """What the page's forms hold for a role; read once."""
        if (name, who) not in self.fields:
            page = Fuzzed("GET", self.addresses[name], b"", "", {})
            answer = self.answer(self.clients[who], page)
            is_page = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
            self.fields[name, who] = fields_of(answer.content.decode()) if is_page else []
        return self.fields[name, who]

    def answer(self, client: Client, request: Fuzzed) -> Any:
        """The answer, with database and cookies as they were before."""
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        headers = {name: value for name, value in request.headers.items() if name != "Cookie"}
        place, mark, query = request.address.partition("?")
        with undone():
            answer = client.generic(
                request.method,
                place,
                request.body,
                content_type=request.content_type,
                headers=headers,
                QUERY_STRING=query if mark else "",
            )
        client.cookies.clear()
        client.cookies.load(cookies)
        return answer


def faults(fuzzer: Fuzzer, numbers: range) -> Iterator[str]:
    """Each request that made the site fail, in words."""
    for number in numbers:
        request, answer = fuzzer.send(number)
        content = b"" if answer.streaming else answer.content
        is_unwell = (NAMES[number % len(NAMES)], answer.status_code) == UNWELL
        if (answer.status_code >= 500 and not is_unwell) or TRACE in content:
            cause = getattr(answer, "exc_info", None)
            said = f"{cause[0].__name__}: {str(cause[1])[:300]}" if cause else ""
            shown = f"{request.method} {request.address[:200]} {request.content_type} {request.body[:1500]!r}"
            again = f"FUZZ_SEED={fuzzer.seed} FUZZ_NUMBER={number} as {fuzzer.roles[fuzzer.who(number)]}"
            yield f"{again}: {answer.status_code} {said}\n{shown} {request.headers}"


def sent(demo: Addresses, count: int) -> None:
    """Send *count* requests, or the one that the environment names; the same each time unless it asks for others."""
    seed = os.environ.get("FUZZ_SEED", SEED)
    seed = secrets.token_hex(4) if seed == "new" else seed
    first = int(os.environ.get("FUZZ_NUMBER", "0"))
    numbers = range(first, first + 1) if "FUZZ_NUMBER" in os.environ else range(count)
    LOG.warning("%d requests; repeat them with FUZZ_SEED=%s", len(numbers), seed)
    fuzzer, found = Fuzzer(demo, seed), []
    for words in faults(fuzzer, numbers):
        LOG.error(words)
        found.append(words)
    LOG.warning("answered: %s", dict(sorted(fuzzer.seen.items())))
    assert not found, f"{len(found)} of {len(numbers)}:\n" + "\n\n".join(found[:25])
    assert len(numbers) == 1 or fuzzer.seen.keys() >= REACHED, fuzzer.seen


def test_a_request_by_chance_to_every_address_makes_nothing_fail(demo: Addresses) -> None:
    sent(demo, len(NAMES))


@pytest.mark.slow
@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_ten_thousand_requests_by_chance_make_nothing_fail(demo: Addresses) -> None:
    sent(demo, 10_000)


def test_control_a_form_that_fails_at_one_value_is_found(demo: Addresses, settings: Any) -> None:
    settings.ROOT_URLCONF = WithAFault
    fuzzer = Fuzzer(demo, "control")
    fuzzer.addresses = dict.fromkeys(NAMES, FAILING)
    assert "KeyError" in next(faults(fuzzer, range(2000)))
