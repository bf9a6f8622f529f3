"""T25: whoever carries the disk away finds a participant's number in no file of it.

A running site takes contact details through its pages; then every file that it and its database wrote is read, byte
by byte. The control looks in the same way for something that is not secret, and finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.engines.site import RunningSite
from tests.kill.person import Person, rows

NUMBER, NAME, PUBLIC = "314 555 0187", "Quillon Zebraworth", "asked for by the quaestor"
STUDY_ID = "SELECT study_id FROM participants_participant p JOIN users_site s ON s.id = p.site_id WHERE s.code = 'STL'"


def files_of(site: RunningSite) -> Iterator[Path]:
    """Every file below the site's folder, and below the database server's where there is one."""
    yield from (path for path in site.var_dir.rglob("*") if path.is_file())
    if site.database_url.startswith("sqlite"):
        database = Path(site.database_url.removeprefix("sqlite:///"))
        yield from database.parent.glob(f"{database.name}*")
        return
    with psycopg.connect(site.database_url.replace("postgres://", "postgresql://")) as connection:
        backend = connection.info.backend_pid
        # A server's process works in the folder of its data.
        folder = Path(f"/proc/{backend}/cwd").readlink()
        yield from [path for path in folder.rglob("*") if path.is_file()]


def holding(site: RunningSite, *texts: str) -> dict[str, list[str]]:
    """For each text the files that hold it, in UTF-8 or UTF-16."""
    wanted = {text: (text.encode(), text.encode("utf-16-le")) for text in texts}
    found: dict[str, list[str]] = {text: [] for text in texts}
    for path in set(files_of(site)):
        content = path.read_bytes()
        for text, forms in wanted.items():
            if any(form in content for form in forms):
                found[text].append(str(path))
    return found


@pytest.mark.slow
def test_a_number_stands_in_no_file_of_database_log_or_broker(running_demo_site: RunningSite) -> None:
    site = running_demo_site
    study_id = rows(site.database_url, STUDY_ID)[0][0]
    coordinator = Person(site.url, "coordinator")
    page = f"/contacts/{study_id}/edit/"
    coordinator.post(page, full_name=NAME, phone=NUMBER, emergency_phone="314 555 0188")
    coordinator.post("/contacts/", asked=NUMBER)
    coordinator.post(page, full_name=NAME, phone=NUMBER, clinician_name="Dr. Zebraworth", reason=PUBLIC)
    assert NUMBER.encode() in coordinator.get(f"/contacts/{study_id}/")

    found = holding(site, NUMBER, "145550187", "314 555 0188", NAME, "Zebraworth", "zebraworth", PUBLIC)
    assert found.pop(PUBLIC), "the control is not found either: the test looks in the wrong place"
    assert found == {text: [] for text in found}
