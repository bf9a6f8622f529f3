"""Cloned databases and running sites are what the tests that commit believe them to be."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from tests.engines.clones import Template, Templates, manage
from tests.engines.site import RunningSite
from trial.audit.context import audited
from trial.users.models import Site


def names_of_sites() -> set[str]:
    return set(Site.objects.values_list("code", flat=True))


def add_site(code: str) -> None:
    with audited("system:test", "a site for the test"):
        Site.objects.create(code=code, name=f"Site {code}", timezone="Europe/Berlin")


def test_what_one_clone_commits_no_other_sees(
    cloned_orm: str, templates: Templates, migrated_template: Template
) -> None:
    before = names_of_sites()
    add_site("T1")
    assert names_of_sites() == before | {"T1"}
    with templates.clone(migrated_template) as other:
        listed = manage(
            [
                "shell",
                "-v0",
                "-c",
                "from trial.users.models import *; print(*Site.objects.values_list('code', flat=True))",
            ],
            database_url=other,
            var_dir=migrated_template.var_dir,
        )
    assert "T1" not in listed.split()


def test_a_clone_is_reached_from_every_thread(cloned_orm: str) -> None:
    def work() -> None:
        try:
            add_site("T2")
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "T2" in names_of_sites()


def test_the_triggers_of_a_clone_refuse_an_unattributed_write(cloned_orm: str) -> None:
    add_site("T3")
    with pytest.raises(Exception, match=r"(?i)actor|audit"), transaction.atomic():
        Site.objects.filter(code="T3").update(name="nobody wrote this")
    assert Site.objects.get(code="T3").name == "Site T3"


def test_the_models_return_to_the_rolled_back_database(db: None) -> None:
    assert not names_of_sites() & {"T1", "T2", "T3"}
    assert connections["reporting"].settings_dict["NAME"] == connection.settings_dict["NAME"]


def test_the_running_site_answers_and_writes_only_to_its_own_folder(running_site: RunningSite, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{running_site.url}/sign-in/") as answer:
        assert answer.status == 200
        assert b"Sign in" in answer.read()
    assert running_site.var_dir.is_relative_to(tmp_path)
    assert (running_site.var_dir / "broker").is_dir()


def test_a_killed_site_is_gone(running_site: RunningSite) -> None:
    running_site.kill()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(running_site.url, timeout=2)
