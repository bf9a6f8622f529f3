"""The file of a back-up: a readable header, then parts and their index in chunks that are encrypted one by one.

The chunks are STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015) over AES-256-GCM: the nonce holds the chunk's number and whether it is the last,
so that a chunk changed, moved, left out or cut off is found, and each chunk can be judged without the others.

    magic (8 bytes) · length of the header (4) · header (JSON) · SHA-256 of all that (32) · chunks
    plaintext of the chunks: part after part · index (JSON) · length of the index (8)
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trial.backup.keys import Lock

MAGIC = b"KETBACK1"
CHUNK, TAG = 64 * 1024, 16
LENGTH, END = struct.Struct(">I"), struct.Struct(">Q")
LONGEST_HEADER = 16 * 1024


class Damaged(ValueError):
    """A back-up is not what was written; the message says which part of it."""


class NoBackup(ValueError):
    """A file is no back-up of this product at all."""


class Part(NamedTuple):
    """One thing in a back-up: where its compressed bytes stand in the plaintext, and its own size and SHA-256."""

    name: str
    offset: int
    length: int
    size: int
    sha256: str


def nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    """The nonce of a chunk: 7 bytes of chance, its number, whether it is the last."""
    return prefix + LENGTH.pack(number) + bytes([is_last])


class Writer:
    """Writes a back-up into an open file; `close` writes the index, without which nothing can be read."""

    def __init__(self, file: IO[bytes], lock: Lock, described: dict[str, Any]) -> None:
        self.file, self.prefix, self.waiting, self.number = file, os.urandom(7), bytearray(), 0
        self.written, self.parts = 0, []  # type: int, list[Part]
        header = json.dumps({**described, **lock.public, "prefix": self.prefix.hex()}, sort_keys=True).encode()
        opening = MAGIC + LENGTH.pack(len(header)) + header
        self.bound = hashlib.sha256(opening).digest()
        self.cipher = AESGCM(lock.key)
        file.write(opening + self.bound)

    def add(self, name: str, pieces: Iterable[bytes]) -> Part:
        """Write one part, compressed; pieces are its bytes in order."""
        digest, size, offset, packer = hashlib.sha256(), 0, self.written, zlib.compressobj(1)
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            self._put(packer.compress(piece))
        self._put(packer.flush())
        part = Part(name, offset, self.written - offset, size, digest.hexdigest())
        self.parts.append(part)
        return part

    def close(self, manifest: dict[str, Any]) -> None:
        """Write manifest and index, and the last chunk."""
        index = json.dumps({**manifest, "parts": [part._asdict() for part in self.parts]}, sort_keys=True).encode()
        self._put(index + END.pack(len(index)))
        self._seal(bytes(self.waiting), is_last=True)

    def _put(self, data: bytes) -> None:
        self.waiting += data
        self.written += len(data)
        while len(self.waiting) > CHUNK:
            self._seal(bytes(self.waiting[:CHUNK]), is_last=False)
            del self.waiting[:CHUNK]

    def _seal(self, data: bytes, *, is_last: bool) -> None:
        self.file.write(self.cipher.encrypt(nonce(self.prefix, self.number, is_last=is_last), data, self.bound))
        self.number += 1


class Reader:
    """Reads a back-up; `key` finds the lock for a header. Raises NoBackup, Damaged or NotTheKey when it is opened."""

    def __init__(self, path: Path, key: Callable[[dict[str, Any]], Lock]) -> None:
        self.path, self.total = path, path.stat().st_size
        self.header, self.start, self.bound = read_header(path)
        lock = key(self.header).opened(self.header)
        self.cipher, self.prefix = AESGCM(lock.key), bytes.fromhex(self.header["prefix"])
        self.chunks = max(1, -(-(self.total - self.start) // (CHUNK + TAG)))
        self.plain = self.total - self.start - self.chunks * TAG

    def chunk(self, number: int) -> bytes:
        """The plaintext of one chunk; raises Damaged."""
        with self.path.open("rb") as file:
            file.seek(self.start + number * (CHUNK + TAG))
            data = file.read(CHUNK + TAG)
        is_last = number == self.chunks - 1
        try:
            return self.cipher.decrypt(nonce(self.prefix, number, is_last=is_last), data, self.bound)
        except (InvalidTag, ValueError) as wrong:
            if is_last and self._goes_on(number, data):
                raise Damaged("the end of the file is missing: it was cut off") from wrong
            raise Damaged(f"bytes {self.start + number * (CHUNK + TAG)} and following") from wrong

    def _goes_on(self, number: int, data: bytes) -> bool:
        """Whether a chunk that stands last was not written as the last."""
        try:
            self.cipher.decrypt(nonce(self.prefix, number, is_last=False), data, self.bound)
        except (InvalidTag, ValueError):
            return False
        return True

    def read(self, offset: int, length: int) -> Iterator[bytes]:
        """Plaintext from an offset on; raises Damaged."""
        end = offset + length
        for number in range(offset // CHUNK, -(-end // CHUNK)):
            data, first = self.chunk(number), number * CHUNK
            yield data[max(0, offset - first) : end - first]

    def index(self) -> dict[str, Any]:
        """Manifest and parts, from the end of the file; raises Damaged."""
        if self.plain < END.size:
            raise Damaged("its index (the end of the file is missing: it was cut off)")
        try:
            (length,) = END.unpack(b"".join(self.read(self.plain - END.size, END.size)))
            found: dict[str, Any] = json.loads(b"".join(self.read(self.plain - END.size - length, length)))
        except Damaged as wrong:
            raise Damaged(f"its index ({wrong})") from wrong
        return {**found, "parts": [Part(**part) for part in found["parts"]]}

    def content(self, part: Part) -> Iterator[bytes]:
        """A part as it was before compression; raises Damaged, at the latest at its end."""
        digest, packer = hashlib.sha256(), zlib.decompressobj()
        for data in self.read(part.offset, part.length):
            piece = packer.decompress(data)
            digest.update(piece)
            yield piece
        rest = packer.flush()
        digest.update(rest)
        yield rest
        if digest.hexdigest() != part.sha256:
            raise Damaged(f"{part.name} (its SHA-256 is {digest.hexdigest()}, not {part.sha256})")

    def damaged_chunks(self) -> Iterator[tuple[range, str]]:
        """Every chunk that is not what was written: its place in the plaintext, and the words of it."""
        for number in range(self.chunks):
            try:
                self.chunk(number)
            except Damaged as wrong:
                yield range(number * CHUNK, (number + 1) * CHUNK), str(wrong)


def read_header(path: Path) -> tuple[dict[str, Any], int, bytes]:
    """A back-up's header, where its chunks begin, and what binds them to it; raises NoBackup or Damaged."""
    with path.open("rb") as file:
        magic, length = file.read(len(MAGIC)), file.read(LENGTH.size)
        if magic != MAGIC:
            raise NoBackup(f"{path} is no back-up of this site: it does not begin as one.")
        size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else LONGEST_HEADER + 1
        text, seal = (file.read(min(size, LONGEST_HEADER)), file.read(32)) if size <= LONGEST_HEADER else (b"", b"")
    bound = hashlib.sha256(magic + length + text).digest()
    if len(text) != size or bound != seal:
        raise Damaged("its header")
    header: dict[str, Any] = json.loads(text)
    return header, len(magic) + len(length) + size + len(seal), bound
