"""The chain takes finished entries only, each once, whoever seals at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.models import Max
from pytest_django.fixtures import Settings

from tests.trial.audit import rows
from tests.trial.audit.outsiders import damage
from tests.trial.audit.settling import settle
from trial.audit.context import audited
from trial.audit.models import AuditEntry, AuditSeal
from trial.audit.services import seal
from trial.audit.verification import verify
from trial.jobs.models import Lease
from trial.jobs.tasks import seal as seal_audit
from trial.users.models import Site

pytestmark = pytest.mark.usefixtures("cloned_orm")


def enter_sites(number: int, *, settled: bool = True) -> None:
    with audited("system:test", "sites"):
        for _ in range(number):
            rows.make_site().save()
    if settled:
        settle()


def unsealed() -> int:
    return AuditEntry.objects.exclude(id__in=AuditSeal.objects.values("entry_id")).count()


def together(work: Callable[[int], int], workers: int) -> list[int]:
    """Run work(0), work(1), … at once, each thread with a connection of its own."""
    start = Barrier(workers)

    def run(number: int) -> int:
        try:
            start.wait(timeout=30)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        return [done.result(timeout=120) for done in [pool.submit(run, number) for number in range(workers)]]


def test_every_entry_is_sealed_once_and_in_order() -> None:
    seal()
    enter_sites(7)
    assert seal(limit=3) == 3
    seal_audit()
    assert seal() == 0
    assert Lease.objects.get(name="audit.seal").done_at is not None
    links = AuditSeal.objects.order_by("seq")
    assert [link.seq for link in links] == list(range(1, links.count() + 1))
    assert list(links.values_list("entry_id", flat=True)) == sorted(AuditEntry.objects.values_list("id", flat=True))


def test_many_batches_join_into_one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trial.audit.services.BATCH", 4)
    seal()
    enter_sites(10)
    assert seal() == 10
    enter_sites(8)
    assert seal() == 8
    assert seal() == 0
    assert verify().ok


def test_sealers_at_the_same_time_share_the_work() -> None:
    seal()
    enter_sites(40)
    assert sum(together(lambda _: seal(), 4)) == 40
    assert verify().ok


def test_writers_at_the_same_time_neither_block_for_good_nor_leave_a_gap() -> None:
    enter_sites(3)
    ids = list(Site.objects.values_list("pk", flat=True))
    before = AuditEntry.objects.count()

    def write(number: int) -> int:
        for step in range(20):
            with audited(f"system:writer {number}", f"step {step}"):
                Site.objects.filter(pk=ids[(number + step) % 3]).update(name=f"{number}.{step}")
            if step % 5 == 0:
                seal()
        return 20

    assert sum(together(write, 4)) == AuditEntry.objects.count() - before == 80
    settle()
    report = verify()
    assert report.ok, report.findings
    assert report.unsealed == 0


def test_an_open_transaction_holds_back_what_was_written_after_it(cloned_orm: str) -> None:
    if connection.vendor == "sqlite":
        # One writer at a time: while another transaction is open, nothing can be written after it.
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        return
    seal()
    with psycopg.connect(cloned_orm) as slow:
        slow.execute("SELECT set_config('app.actor', 'system:slow', true), set_config('app.reason', 'slow', true)")
        slow.execute("INSERT INTO users_site VALUES (gen_random_uuid(), 'SLOW', 'Slow', 'UTC', false)")
        enter_sites(1, settled=False)
        assert seal() == 0
        assert unsealed() == 1
        report = verify()
        assert report.ok
        assert report.unsealed == 1
        slow.commit()
    settle()
    assert seal() == 2
    assert verify().ok


def test_entries_of_a_database_moved_to_a_younger_server_are_sealed(cloned_orm: str) -> None:
    enter_sites(2)
    seal()
    damage(cloned_orm, "audit_seal", "UPDATE audit_seal SET horizon = 900000000000000000")
    enter_sites(2)
    assert seal() == 2
    assert AuditSeal.objects.aggregate(newest=Max("entry_id")) == AuditEntry.objects.aggregate(newest=Max("id"))


@pytest.mark.parametrize("key", [b"", b"short", "text" * 8])
def test_a_weak_key_is_refused(settings: Settings, key: object) -> None:
    settings.AUDIT_SEAL_KEY = key
    with pytest.raises(ImproperlyConfigured, match="AUDIT_SEAL_KEY"):
        seal()
