"""Build a report without a browser."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.books import BOOKS
from trial.users.models import Site


class Command(BaseCommand):
    """Write report.pdf and results.json into a folder; exit 1 when they are not as the publication or incomplete."""

    help = "Build a report: writes report.pdf and results.json; fails when a published value or an analysis does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", choices=sorted(BOOKS), help="which report")
        parser.add_argument("--out", required=True, type=Path, help="folder for report.pdf and results.json")
        parser.add_argument("--site", help="code of the site; needed when there is more than one")

    def handle(self, *args: Any, **options: Any) -> None:
        from reports import source
        from reports.assemble import assemble
        from reports.services import write_whole
        from trial import protocol

        site = self._site(options["site"])
        book, out = BOOKS[options["book"]], options["out"]
        assembled = assemble(
            source.read(site),
            protocol.for_version(protocol.CURRENT),
            book,
            site=str(site),
            progress=self._tell,
        )
        for name, content in (("report.pdf", assembled.pdf), ("results.json", assembled.results)):
            write_whole(out / name, content)
            self.stdout.write(str(out / name))
        problems = [f"analysis {failure.analysis} failed: {failure.error}" for failure in assembled.failures]
        problems += [f"{row.entry.id} {row.entry.what}: {row.why}" for row in assembled.compared if row.match == "no"]
        if problems:
            raise CommandError("The report was written, but:\n" + "\n".join(problems), returncode=1)

    def _site(self, code: str | None) -> Site:
        """The site named, or the only one."""
        sites = list(Site.objects.filter(code=code) if code else Site.objects.all())
        if len(sites) == 1:
            return sites[0]
        known = ", ".join(Site.objects.order_by("code").values_list("code", flat=True)) or "none"
        raise CommandError(f"Name one site with --site; there are: {known}.")

    def _tell(self, percent: int, message: str) -> None:
        self.stderr.write(f"{percent:3d} % {message}")
