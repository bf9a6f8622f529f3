"""The description of the interface is true: what is sent by it, and what goes against it, is answered as it says.

Schemathesis makes the requests from openapi.json, half of them at the places of a real participant and partly with
content that can be saved, and judges each answer: no fault of the site, no status, content type or body that the
description does not name. What a request writes is taken back. The messages are the same in every run, those of
`make test-slow` more of them, unless FUZZ_SEED asks for others; Hypothesis then prints how to repeat one that fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ninja import NinjaAPI
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup, ServerError
from schemathesis.openapi.checks import JsonSchemaError, UndefinedStatusCode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.asking import operations, token_for
from tests.trial.addresses import Addresses
from tests.trial.test_permissions import undone
from trial.api import addresses, api
from trial.tokens.schemas import answers
from trial.urls import handler404, handler500, urlpatterns

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DESCRIPTION = "/api/v1/openapi.json"
OPERATIONS = sorted(
    (method, address)
    for address, described in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items()
    for method in described
)
FEW, MANY = 12, 100
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# How far a message can come that reaches the patient's records: madrs is recorded at the visit already.
REACHED = {("post", address): 409 if "assessments" in address else 201 for _, address in OPERATIONS}


@pytest.fixture(scope="module")
def authorizations(demo: Addresses) -> list[str]:
    """A token with every scope, of a person who may do all of it; two with a single scope; none."""
    scopes: tuple[tuple[str, ...], ...] = ((), ("participants.read",), ("safety.read",))
    return [*(f"Bearer {token_for(demo.pi, *some)}" for some in scopes), ""]


@pytest.fixture(scope="module")
def described(demo: Addresses) -> Any:
    """The interface by its own description, as whoever is signed in reads it."""
    return description_at(DESCRIPTION, demo)


def description_at(address: str, demo: Addresses) -> Any:
    client = Client()
    client.force_login(demo.pi)
    schema = schemathesis.openapi.from_dict(client.get(address).json())
    schema.app = site
    return schema


def site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The site as a WSGI application of this process, which takes back what a request writes."""
    with one_connection(), undone(), closing(WSGIHandler()(environ, start_response)) as answer:
        return list(answer)


@contextmanager
def one_connection() -> Iterator[None]:
    """Keep the connection, which Django would close around a request because a transaction is open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def messages(operation: Any, demo: Addresses) -> Any:
    """Requests to an operation, as described and not, some about a real patient and with content that can be saved."""
    places, savable = places_of(demo), content_of(demo)

    def placed(case: Case[Any], is_placed: bool, saved: frozenset[str]) -> Case[Any]:
        if is_placed:
            case.path_parameters.update({name: places[name] for name in case.path_parameters})
        if isinstance(case.body, dict):
            case.body.update({name: savable[name] for name in saved & case.body.keys()})
        return case

    some = st.one_of(st.just(frozenset(savable)), st.frozensets(st.sampled_from(sorted(savable))))
    made = st.one_of(*(operation.as_strategy(mode) for mode in MODES))
    return st.builds(placed, made, st.booleans(), some)


def places_of(demo: Addresses) -> dict[str, str]:
    """What stands for each part of an address."""
    assert demo.rated.visit
    return {
        "study_id": demo.patient.study_id,
        "visit": demo.rated.visit.code,
        "instrument": demo.rated.instrument,
        "report_id": str(demo.report.id),
    }


def content_of(demo: Addresses) -> dict[str, Any]:
    """What can be saved of each field, for a part of the messages; schemathesis makes the rest."""
    vitals = {"systolic": 120, "diastolic": 80, "heart_rate": 60, "respiratory_rate": None, "oxygen_saturation": 98}
    rated = {"scores": demo.rated.scores, "missing": demo.rated.missing, "mode": demo.rated.mode}
    at = {"occurred_at": demo.rated.occurred_at.isoformat(), "comment": ""}
    return {**vitals, **rated, **at, "version": demo.rated.version, "reason": "read again"}


def judged(case: Case[Any], authorization: str) -> Any:
    """The answer to a request, which is as described; FailureGroup says what is not."""
    answer = case.call(headers={"Authorization": authorization})
    case.validate_response(answer, checks=CHECKS)
    return answer


def agree(operation: Any, demo: Addresses, authorizations: list[str], **how: Any) -> set[int]:
    """Put requests to an operation, judge every answer, and return the statuses that were seen."""
    seen: set[int] = set()

    how = {"derandomize": "FUZZ_SEED" not in os.environ, "deadline": None, "database": None, **how}

    @settings(suppress_health_check=list(HealthCheck), **how)
    @given(case=messages(operation, demo), authorization=st.sampled_from(authorizations))
    def ask(case: Case[Any], authorization: str) -> None:
        seen.add(judged(case, authorization).status_code)

    ask()
    return seen


def test_every_operation_is_described() -> None:
    assert len(OPERATIONS) == len(list(operations()))


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_a_few_messages_are_answered_as_described(
    demo: Addresses, described: Any, authorizations: list[str], method: str, address: str
) -> None:
    assert agree(described[address][method], demo, authorizations, max_examples=FEW) & {200, 201, 401, 403}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_hundreds_of_messages_are_answered_as_described(
    demo: Addresses, described: Any, authorizations: list[str], method: str, address: str
) -> None:
    seen = agree(described[address][method], demo, authorizations, max_examples=MANY)
    assert seen >= {401, 403, REACHED.get((method, address), 200)}


faulty = NinjaAPI(urls_namespace="faulty", docs_url=None)


@faulty.get("/raises", response=answers(dict[str, int]))
def raises(request: HttpRequest) -> Any:
    """An operation with a fault."""
    raise KeyError("control")


@faulty.get("/undescribed", response={200: dict[str, int]})
def undescribed(request: HttpRequest) -> Any:
    """A status that the description does not name."""
    return faulty.create_response(request, {"detail": "no"}, status=418)


@faulty.get("/otherwise", response={200: dict[str, int]})
def otherwise(request: HttpRequest) -> Any:
    """A body that is not as described."""
    return faulty.create_response(request, {"detail": "no"}, status=200)


class WithFaults:
    """Addresses of operations that are not as they say."""

    urlpatterns = (path("faulty/", addresses(faulty)), *urlpatterns)
    handler404 = handler404
    handler500 = handler500


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("/faulty/raises", ServerError),
        ("/faulty/undescribed", UndefinedStatusCode),
        ("/faulty/otherwise", JsonSchemaError),
    ],
)
def test_control_an_operation_that_is_not_as_it_says_is_found(
    demo: Addresses, settings: Any, address: str, found: type[Exception]
) -> None:
    settings.ROOT_URLCONF = WithFaults
    operation = description_at("/faulty/openapi.json", demo)[address]["get"]
    with pytest.raises(FailureGroup) as failed:
        agree(operation, demo, [""], max_examples=2)
    assert any(isinstance(failure, found) for failure in failed.value.exceptions)
