"""Signing: the password is asked for anew, and nothing is signed but what was shown."""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass
from typing import NoReturn

from django.contrib.auth import authenticate
from django.db.models import Max, Model
from django.http import HttpRequest
from django.utils import timezone

from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.registry import audited_models
from trial.records.events import ask
from trial.records.models import ProtocolVersion
from trial.records.services import RecordError, bind_protocol
from trial.signatures import rules
from trial.signatures.binding import mac_of
from trial.signatures.content import content_of
from trial.signatures.models import Signature
from trial.signatures.queries import signatures_of
from trial.signatures.wording import words_of
from trial.users.models import Site, User

log = logging.getLogger(__name__)

NO_MATCH = "This user name and password are not those of the account that is signed in. Nothing was signed; try again."


class SignatureRefused(RecordError):
    """Nothing was signed; the message says why and what to do."""


@dataclass(frozen=True)
class Confirmation:
    """A person who gave the password for one signature; the one-use key makes it one."""

    actor_id: uuid.UUID
    key: uuid.UUID
    session_digest: str


def digest_of(session_key: str) -> str:
    """What a signature keeps of its session; empty for none."""
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def is_first_of_session(actor: User, session_key: str) -> bool:
    """Whether the account has signed nothing yet in this session: then the user name is asked for too (11.200)."""
    known = Signature.objects.filter(signer=actor, session_digest=digest_of(session_key))
    return not session_key or not known.exists()


def confirm(
    actor: User,
    *,
    password: str,
    username: str = "",
    session_key: str = "",
    key: uuid.UUID | None = None,
    request: HttpRequest | None = None,
) -> Confirmation:
    """Check that the signed-in person is who types; raises SignatureRefused, logged and counted as a failed sign-in.

    Call it before any transaction is open, or the count of wrong passwords is rolled back with it. *username* is
    asked for at the first signature of a session; *key* is the one-use key of the form.
    """
    is_first = is_first_of_session(actor, session_key)
    if is_first and not username:
        _refuse(actor, "no user name", "This is your first signature since you signed in: give your user name as well.")
    if username and username != actor.get_username():
        _refuse(actor, "another account's name", NO_MATCH)
    if key is not None and Signature.objects.filter(signer=actor, key=key).exists():
        _refuse(actor, "replay", "This form has signed already. Open the page again to sign once more.")
    # The lock-out after many attempts looks at the request; an empty one stands for a caller without any.
    found = authenticate(request or HttpRequest(), username=actor.get_username(), password=password)
    if found is None or found.pk != actor.pk:
        _refuse(actor, "password", NO_MATCH)
    return Confirmation(actor.pk, key or uuid.uuid4(), digest_of(session_key))


def sign(
    actor: User,
    *,
    subject: Model,
    meaning: str,
    password: str = "",
    username: str = "",
    session_key: str = "",
    expected_hash: str = "",
    site: Site | None = None,
    key: uuid.UUID | None = None,
    request: HttpRequest | None = None,
    confirmation: Confirmation | None = None,
) -> Signature:
    """Sign *subject* with *meaning*, as its content is now; raises SignatureRefused, and nothing is signed.

    The person is confirmed by *password* (and *username* at the first signature of a session), or was by
    `confirm` where the caller signs inside a transaction of its own. *expected_hash* is that of the content which
    the page showed. *site* is needed for a subject that belongs to none.
    """
    if type(subject) not in audited_models():
        raise ValueError(f"{subject._meta.label} is not audited, so a signature on it could not be held.")
    place = getattr(subject, "site", None) or site
    if place is None:
        _refuse(actor, "no site", "Say for which site you sign.", subject)
    _require_role(actor, subject, meaning, place)
    given = confirmation or confirm(
        actor, password=password, username=username, session_key=session_key, key=key, request=request
    )
    if given.actor_id != actor.pk:
        _refuse(actor, "another person's confirmation", NO_MATCH, subject)
    with audited(actor, f"signed: {meaning}"):
        return _put(actor, _held(subject), meaning, place, given, expected_hash)


def _require_role(actor: User, subject: Model, meaning: str, site: Site) -> None:
    """Refuse who may not sign this with that meaning at the site."""
    held = actor.roles_by_site().get(site.pk, frozenset())
    if not rules.signers_of(subject._meta.label_lower, meaning) & held:
        words = f"Your roles at {site.name} do not allow you to sign this as {meaning or 'nothing'}."
        _refuse(actor, "role", f"{words} Choose another meaning, or ask somebody who may.", subject)


def _held(subject: Model) -> Model:
    """The subject's row, held until the end of the transaction; a protocol version comes into use by it."""
    if isinstance(subject, ProtocolVersion):
        return bind_protocol(subject.version)
    return type(subject)._base_manager.select_for_update().get(pk=subject.pk)


def _put(actor: User, subject: Model, meaning: str, site: Site, given: Confirmation, expected_hash: str) -> Signature:
    """Save the signature of a row that is held."""
    table, content = subject._meta.label_lower, content_of(subject)
    if Signature.objects.filter(signer=actor, key=given.key).exists():
        _refuse(actor, "replay", "This form has signed already. Open the page again to sign once more.", subject)
    if expected_hash and expected_hash != content.hash:
        _refuse(actor, "changed", "It changed since the page was shown. Look at it again, then sign.", subject)
    _require_no_queries(actor, subject, meaning)
    _require_new(actor, subject, meaning, site)
    held = actor.roles_by_site().get(site.pk, frozenset())
    made = Signature(
        site=site,
        signer=actor,
        username=actor.get_username(),
        printed_name=actor.full_name,
        roles=",".join(sorted(held)),
        meaning=meaning,
        signed_at=timezone.now(),
        subject_table=table,
        subject_id=str(subject.pk),
        subject_words=words_of(subject)[:200],
        content_words=content.words[:400],
        content_hash=content.hash,
        manifest=content.manifest,
        trail_position=AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0,
        session_digest=given.session_digest,
        key=given.key,
    )
    made.mac = mac_of(made)
    made.save(force_insert=True)
    return made


def _require_no_queries(actor: User, subject: Model, meaning: str) -> None:
    """Refuse to approve what open data queries are about."""
    table = subject._meta.label_lower
    if not rules.blocks_open_queries(table, meaning):
        return
    if open_ones := ask("queries.open_about", table=table, row_id=str(subject.pk)):
        count = len(open_ones)
        words = f"{count} open {'query' if count == 1 else 'queries'} must be closed before this can be approved"
        _refuse(actor, "open queries", f"{words}: {'; '.join(open_ones[:3])}.", subject)


def _require_new(actor: User, subject: Model, meaning: str, site: Site) -> None:
    """Refuse a second signature of the same person and meaning while the first stands."""
    for one in signatures_of(subject):
        signed = one.signature
        if one.is_valid and (signed.signer_id, signed.meaning, signed.site_id) == (actor.pk, meaning, site.pk):
            _refuse(actor, "signed already", f"You have signed this already, as {meaning}; it still stands.", subject)


def _refuse(actor: User, code: str, words: str, subject: Model | None = None) -> NoReturn:
    """Log a refusal, without what was typed, and raise it."""
    about = f"{subject._meta.label_lower} {subject.pk}" if subject is not None else "anything"
    log.warning("signature refused: %s, %s, on %s", actor.get_username(), code, about)
    raise SignatureRefused(words)
