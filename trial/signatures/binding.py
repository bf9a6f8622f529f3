"""What ties a signature to its subject and its signer: nobody without the key can make or move one."""

from __future__ import annotations

import hmac
from datetime import UTC

from trial.audit.canonical import canonical
from trial.audit.services import seal_key
from trial.signatures.content import Content, rows_in
from trial.signatures.models import Signature


def mac_of(signature: Signature) -> str:
    """HMAC-SHA256 (hex) over every column of a signature but itself, under the key of the audit chain."""
    values = (
        "signature",
        signature.id.hex,
        signature.site_id.hex,
        signature.signer_id.hex,
        signature.username,
        signature.printed_name,
        signature.roles,
        signature.meaning,
        signature.signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        signature.subject_table,
        signature.subject_id,
        signature.subject_words,
        signature.content_words,
        str(signature.content_format),
        signature.content_hash,
        signature.manifest,
        str(signature.trail_position),
        signature.session_digest,
        signature.key.hex,
    )
    return hmac.digest(seal_key(), canonical(values), "sha256").hex()


def is_whole(signature: Signature) -> bool:
    """Whether a signature is as it was given, for this subject: its hash and its keyed seal agree with it."""
    try:
        signed = Content(signature.subject_table, signature.subject_id, rows_in(signature.manifest))
    except ValueError:  # an altered manifest may be no list of rows
        return False
    return signed.hash == signature.content_hash and hmac.compare_digest(mac_of(signature), signature.mac)
