"""With PostgreSQL and a real broker, chosen by two settings, a report comes out once and whole."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.kill.conftest import chance, gallows
from tests.kill.harness import Gallows

pytestmark = pytest.mark.services
__all__ = ["chance", "gallows"]

ADDRESSES = {"Redis": "TEST_REDIS_URL", "RabbitMQ": "TEST_RABBITMQ_URL"}


@pytest.fixture(params=sorted(ADDRESSES))
def broker(request: pytest.FixtureRequest) -> str:
    """The address of a running broker; without one the test fails and says how to start it."""
    address = os.environ.get(ADDRESSES[request.param], "")
    assert address, f"{ADDRESSES[request.param]} names no {request.param}; run `make test-services`, which starts one."
    return address


@pytest.fixture
def on_services(gallows: Callable[..., Gallows], broker: str) -> Gallows:
    """The demo site on PostgreSQL and the broker."""
    assert os.environ.get("DATABASE_URL", "").startswith("postgres"), "run `make test-services`"
    return gallows(CELERY_BROKER_URL=broker)


def test_a_report_comes_out_once(on_services: Gallows) -> None:
    report = on_services.order()
    assert on_services.finish(report).state == "done"
    assert on_services.finished(report).pages > 10
    assert on_services.publications(report) == 1


def test_a_report_whose_worker_was_killed_comes_out_once(on_services: Gallows) -> None:
    report = on_services.order()
    on_services.wait(report, lambda job: job.percent >= 20)
    on_services.kill_worker()
    job = on_services.finish(report)
    assert job.state == "done"
    assert job.attempts > 1
    assert on_services.publications(report) == 1
