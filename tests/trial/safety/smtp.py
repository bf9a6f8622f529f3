"""A mail server that takes every message and keeps it, so that tests send real mail; or one that refuses."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any


class _Session(socketserver.StreamRequestHandler):
    """One conversation by RFC 5321, as far as smtplib needs it."""

    server: Mailbox

    def handle(self) -> None:
        """Answer until the client leaves."""
        self.say("220 tests")
        for line in self.rfile:
            command = line[:4].upper()
            if command == b"QUIT":
                self.say("221 bye")
                return
            if command == b"DATA":
                self.take()
            elif command == b"RCPT" and self.server.is_refusing:
                self.say("451 try again later")
            else:
                self.say("250 ok")

    def take(self) -> None:
        """Keep one message."""
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        self.server.messages.append(message_from_bytes(b"".join(lines)))
        self.say("250 taken")

    def say(self, words: str) -> None:
        """Send one line."""
        self.wfile.write(f"{words}\r\n".encode())


class Mailbox(socketserver.ThreadingTCPServer):
    """The server with what it has taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[Message] = []
        self.is_refusing = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def receivers(self) -> list[str]:
        """To whom the messages went, in order."""
        return [str(message["To"]) for message in self.messages]


@contextmanager
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A listening server that the site's settings lead to."""
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield server
        server.shutdown()
