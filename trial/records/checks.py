"""The site refuses to start on an older database, with a changed protocol file, or while a write could go unaudited."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from trial import protocol
from trial.audit.checks import assert_triggers
from trial.records.events import ask
from trial.records.models import ProtocolVersion

# Django's back ends that keep a message on this machine: in a console, a file, the memory, or nowhere.
SILENT_MAIL = frozenset(
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased", "locmem")
)


class ProtocolChanged(RuntimeError):
    """A protocol file is not the one that participants are bound to."""


class DatabaseOutdated(RuntimeError):
    """The database was made by an older program."""


class ProgramOutdated(RuntimeError):
    """The database was made by a newer program."""


class NobodyReachable(RuntimeError):
    """An alert could reach nobody, or lead nowhere: no mail server, no address, a roster that was never filled."""


def assert_migrated(using: str = DEFAULT_DB_ALIAS) -> None:
    """Compare the database with the program; raises DatabaseOutdated or ProgramOutdated naming a step."""
    executor = MigrationExecutor(connections[using])
    unknown = [step for step in executor.loader.applied_migrations if step not in executor.loader.graph.nodes]
    if strange := sorted(".".join(step) for step in unknown if step[0] in executor.loader.migrated_apps):
        raise ProgramOutdated(
            f"The database is newer than the program: it knows {strange[0]}. Put the newer program back, or restore "
            "the back-up that was made before it was installed."
        )
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise DatabaseOutdated(
            f"The database is older than the program: {plan[0][0]} and {len(plan) - 1} more steps are missing. "
            "Back it up, then run manage.py bootstrap."
        )


def assert_protocols() -> None:
    """Compare every protocol version in use with its file; raises ProtocolChanged naming the version."""
    for row in ProtocolVersion.objects.all():
        found = protocol.sha256(row.version) if row.version in protocol.versions() else "no file"
        if found != row.sha256:
            raise ProtocolChanged(
                f"Protocol {row.version} has SHA-256 {found}, but participants are bound to {row.sha256}. "
                "Put the file back as it was; a change of the protocol is a new version with a new name."
            )


def mail_reaches_people() -> bool:
    """Whether the site's e-mail leaves this machine."""
    return settings.EMAIL_BACKEND not in SILENT_MAIL


def is_this_machine(host: str) -> bool:
    """Whether a host name or address means the machine of whoever asks, so that it leads others nowhere."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return host in {"", "localhost"} or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def address_leads_here() -> bool:
    """Whether SITE_URL can be opened from another machine, behind TLS."""
    try:
        found = urlsplit(settings.SITE_URL)
    except ValueError:
        return False
    return found.scheme == "https" and not is_this_machine(found.hostname or "")


def assert_reachable() -> None:
    """In production, raise NobodyReachable when an alert would reach nobody, naming what to set or to do.

    That is without a mail server, a sender, or an address that its reader can open, and with a site whose roster was
    never filled. A roster that ran out is warned of on the pages instead, and at a new site beside others nobody is
    registered before its first shift: a site that would not start again at night would leave a running infusion
    without its bedside.
    """
    if settings.SITE_MODE != "production":
        return
    if not mail_reaches_people():
        raise NobodyReachable(
            "This site sends no e-mail, so an alert would reach nobody. Set EMAIL_URL to a mail server, for example "
            "smtp+tls://user:password@mail.example.org:587."
        )
    if is_this_machine(settings.EMAIL_DOMAIN):
        raise NobodyReachable(
            f"Messages would come from {settings.DEFAULT_FROM_EMAIL}, which mail servers refuse. Set EMAIL_FROM to an "
            "address that your mail server may send for, for example trial@example.org."
        )
    if not address_leads_here():
        raise NobodyReachable(
            f"Messages about alerts would lead to {settings.SITE_URL}, which nobody can open from a telephone. Set "
            "SITE_URL to the address that people type, with https, for example https://trial.example.org."
        )
    if empty := ask("safety.unguarded_sites"):
        raise NobodyReachable(
            f"Nobody was ever on call at {', '.join(empty)}. Plan the first shift: manage.py add_on_call --help."
        )


def assert_sound() -> None:
    """Raise what is wrong with the database or the protocol files, naming it.

    That is DatabaseOutdated, ProgramOutdated, TriggersMissing or ProtocolChanged.
    """
    assert_migrated()
    assert_triggers()
    assert_protocols()


def assert_fit_to_serve() -> None:
    """Raise what is wrong, naming it, before the first page is served: what is unsound, or NobodyReachable."""
    assert_sound()
    assert_reachable()
