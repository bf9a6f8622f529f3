"""What is answered when the disk is full or the database does not answer: what happened to the text, and what to do.

Django calls `answer` for every fault that no view caught (handler500), in the sessions and sign-in as well.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.views.defaults import server_error

RETRY_AFTER_SECONDS = 30
# Nothing secret is ever shown back, and what a person did not type would only confuse.
SECRETS = ("password", "token", "otp", "pin", "secret", "passphrase")
# By its whole name: a sealed or an app's code may still be good, and outcome_code is none.
SECRET_NAMES = frozenset({"code"})
# Contact details are shown in their own place only.
PRIVATE = "/contacts/"
MACHINE = frozenset({"csrfmiddlewaretoken", "key", "version", "next"})
LONGEST_SHOWN = 20_000
FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Classes of PostgreSQL's error codes: connection, shutdown by the operator, and what the system refuses.
AWAY_CLASSES = ("08", "57")
DISK_FULL = "53100"
SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_READONLY)
SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
SQLITE_AWAY = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)


class Fault(StrEnum):
    """What hinders the site: no room to write, or no database to ask."""

    FULL = "full"
    AWAY = "away"


class Typed(NamedTuple):
    """One thing a person had entered: the field's name in words, and the text."""

    field: str
    text: str


def answer(request: HttpRequest) -> HttpResponse:
    """The page of the fault at hand: 507, 503, or 500 for every other one."""
    fault = kind_of(sys.exc_info()[1])
    if fault is None:
        return server_error(request)
    status = {Fault.FULL: 507, Fault.AWAY: 503}[fault]
    if request.path.startswith("/api/"):
        words = "Nothing was saved: the site's disk is full." if fault is Fault.FULL else "Nothing was saved."
        response: HttpResponse = JsonResponse({"detail": f"{words} Send the same request again later."}, status=status)
    else:
        shown = {"typed": list(typed(request)), "is_post": request.method == "POST", "files": file_names(request)}
        response = HttpResponse(render_to_string(f"{status}.html", shown), status=status)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def kind_of(fault: BaseException | None) -> Fault | None:
    """What a fault is about, from itself or from what caused it; None for every other one."""
    while fault is not None:
        if (found := _kind(fault)) is not None:
            return found
        fault = fault.__cause__
    return None


def _kind(fault: BaseException) -> Fault | None:
    if isinstance(fault, sqlite3.Error):
        return _sqlite_kind(getattr(fault, "sqlite_errorcode", 0))
    if isinstance(fault, OSError) and not isinstance(fault, UnreadablePostError):
        return Fault.FULL if fault.errno in FULL_ERRORS else None
    if isinstance(fault, OperationalError | InterfaceError) and not isinstance(fault.__cause__, sqlite3.Error):
        return _postgresql_kind(getattr(fault.__cause__, "sqlstate", None))
    return None


def _sqlite_kind(code: int) -> Fault | None:
    if code in SQLITE_FULL or code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY):
        return Fault.FULL
    return Fault.AWAY if code & 0xFF in (*SQLITE_BUSY, *SQLITE_AWAY) else None


def _postgresql_kind(state: str | None) -> Fault | None:
    """A connection that failed or broke has no code at all."""
    if state == DISK_FULL:
        return Fault.FULL
    return Fault.AWAY if state is None or state.startswith(AWAY_CLASSES) or state == "53300" else None


def typed(request: HttpRequest) -> Iterator[Typed]:
    """What the request's form carried, without secrets and without what the site itself put there."""
    if request.method != "POST" or request.path.startswith(PRIVATE):
        return
    try:
        fields = request.POST
    except (OSError, SuspiciousOperation, RequestDataTooBig):
        return
    for name, values in fields.lists():
        is_secret = name.lower() in SECRET_NAMES or any(word in name.lower() for word in SECRETS)
        for value in [] if is_secret or name in MACHINE else values:
            if str(value).strip():
                yield Typed(name.replace("_", " ").replace("-", " "), str(value)[:LONGEST_SHOWN])


def file_names(request: HttpRequest) -> list[str]:
    """The names of the files that the form carried: they are still where they were chosen."""
    try:
        return [str(getattr(file, "name", "")) for file in request.FILES.values()] if request.method == "POST" else []
    except (OSError, SuspiciousOperation, RequestDataTooBig):
        return []
