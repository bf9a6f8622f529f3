"""Build a report without a browser."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.management.base import BaseCommand, CommandError

from reports import services
from reports.books import BOOKS, Book
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.running import RunningJob, heartbeat
from trial.permissions import may
from trial.records.files import write_whole
from trial.users.models import Site, User

LOOK_SECONDS = 1.0
Files = dict[str, bytes]


class Command(BaseCommand):
    """Write the report's files into a folder; exit 1 when they are not as the publication or incomplete."""

    help = (
        "Build a report: writes report.pdf, report.html and results.json; fails when a published value or an analysis "
        "does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", choices=sorted(BOOKS), help="which report")
        parser.add_argument("--out", required=True, type=Path, help="folder for the files")
        parser.add_argument("--site", help="code of the site; needed when there is more than one")
        parser.add_argument("--ordered-by", help="account that orders it, so that it also stands on the site's pages")

    def handle(self, *args: Any, **options: Any) -> None:
        site, book, out = self._site(options["site"]), BOOKS[options["book"]], options["out"]
        orderer = options["ordered_by"]
        files = self._ordered(site, book, orderer) if orderer else self._unordered(site, book)
        for name, content in files.items():
            write_whole(out / name, content)
            self.stdout.write(str(out / name))
        if problems := _problems(files["results.json"]):
            raise CommandError("The report was written, but:\n" + "\n".join(problems), returncode=1)

    def _unordered(self, site: Site, book: Book) -> Files:
        """The report of the data as they are, in this folder only."""
        from reports import source
        from reports.assemble import assemble
        from trial import protocol

        extracts = source.read(site)
        bound = protocol.for_version(extracts.protocol_version)
        made = assemble(extracts, bound, book, site=str(site), progress=self._tell)
        return _files(book, site, made.pdf, made.results, made.page.markup, list(made.page.figures))

    def _ordered(self, site: Site, book: Book, username: str) -> Files:
        """The report as the account orders it and the job publishes it."""
        actor = User.objects.filter(username=username, is_active=True).first()
        if actor is None or not may(actor, "reports.order", site.id):
            raise CommandError(f"'{username}' is no account that may order reports here; name one with --ordered-by.")
        report = services.order_report(actor, site=site, book=book.id, key=uuid4())
        if report.job_id is None:
            raise CommandError("The order has no job; order the report again.")
        self._work(report.job_id)
        report.refresh_from_db()
        if report.published_at is None:
            raise CommandError(f"The report could not be built: {Job.objects.get(id=report.job_id).error}")
        figures = [services.content_of(*figure) for figure in report.figures]
        return _files(
            book,
            site,
            services.content_of(report.pdf_path, report.pdf_sha256),
            services.content_of(report.results_path, report.results_sha256),
            services.content_of(report.page_path, report.page_sha256).decode(),
            figures,
        )

    def _work(self, job_id: UUID) -> None:
        """Do the job here, unless a worker of the running site was quicker: then wait for it."""
        from reports.tasks import build

        job = jobs.claim(job_id)
        if job is None:
            self._await(job_id)
            return
        try:
            with heartbeat(job):
                build(_ToldJob(job, self._tell))
        except Exception as fault:
            jobs.fail(job, f"{type(fault).__name__}: {fault}")
            raise

    def _await(self, job_id: UUID) -> None:
        over: set[str] = {Job.State.DONE, Job.State.FAILED}
        while (job := Job.objects.get(id=job_id)).state not in over:
            self._tell(job.percent, job.message)
            time.sleep(LOOK_SECONDS)

    def _site(self, code: str | None) -> Site:
        """The site named, or the only one."""
        sites = list(Site.objects.filter(code=code) if code else Site.objects.all())
        if len(sites) == 1:
            return sites[0]
        known = ", ".join(Site.objects.order_by("code").values_list("code", flat=True)) or "none"
        raise CommandError(f"Name one site with --site; there are: {known}.")

    def _tell(self, percent: int, message: str) -> None:
        self.stderr.write(f"{percent:3d} % {message}")


class _ToldJob(RunningJob):
    """A job whose progress is also said here."""

    def __init__(self, row: Job, tell: Callable[[int, str], None]) -> None:
        super().__init__(row)
        self.tell = tell

    def progress(self, percent: int, message: str) -> None:
        super().progress(percent, message)
        self.tell(percent, message)


def _files(book: Book, site: Site, pdf: bytes, results: bytes, markup: str, figures: list[bytes]) -> Files:
    from reports.html.standalone import standalone

    page = standalone(f"{book.title} – {site}", markup, figures)
    return {"report.pdf": pdf, "report.html": page, "results.json": results}


def _problems(results: bytes) -> list[str]:
    """What is not as it should be, a line each."""
    from reports.contract import entries

    content = json.loads(results)
    named = {entry.id: entry.what for entry in entries()}
    problems = [f"analysis {failure['analysis']} failed: {failure['error']}" for failure in content["run"]["failures"]]
    differing = ((key, row) for key, row in content["published"].items() if row["match"] == "no")
    return problems + [f"{key} {named[key]}: {row['why']}" for key, row in differing]
