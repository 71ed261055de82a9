"""The outer form of a file: a zip archive of which every byte is laid down.

Members are stored one after the other without compression, so that nothing can grow
when it is read. All headers follow from the names, sizes and contents of the members.
A reader makes the headers anew and compares, so that paths, links, members that occur
twice, gaps and trailing bytes cannot be expressed, and any usual tool can read the
archive.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from sk_jae.exceptions import DamagedFileError
from sk_jae.persistence.digests import Digest

__all__ = [
    "LARGEST",
    "ArchiveWriter",
    "Member",
    "MemberReader",
    "find_members",
    "opened_member",
]

# Without the extension of the zip format for large files, which nobody needs here.
LARGEST = 2**32 - 2**20
_MOST_MEMBERS = 16
_LONGEST_NAME = 64
# What is hashed, written or read at a time, so that a processor's cache has it.
_PIECE = 2**18

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6"

_VERSION, _UNIX = 20, 3 << 8
_TIME, _DATE = 0, 1 << 5 | 1  # 1980-01-01, so that equal contents give equal files
_PERMISSIONS = 0o100644 << 16


@dataclass(frozen=True)
class Member:
    """The place of one member in an archive."""

    name: str
    crc: int
    size: int
    start: int

    @property
    def local_header(self) -> bytes:
        name = self.name.encode("ascii")
        fields = (_VERSION, 0, 0, _TIME, _DATE, self.crc, self.size, self.size)
        return _LOCAL.pack(_LOCAL_MARK, *fields, len(name), 0) + name

    @property
    def central_header(self) -> bytes:
        name = self.name.encode("ascii")
        fields = (_VERSION, 0, 0, _TIME, _DATE, self.crc, self.size, self.size)
        offset = self.start - len(self.local_header)
        end = (len(name), 0, 0, 0, 0, _PERMISSIONS, offset)
        return _CENTRAL.pack(_CENTRAL_MARK, _UNIX | _VERSION, *fields, *end) + name

    @property
    def end(self) -> int:
        return self.start + self.size


class ArchiveWriter:
    """Writes the members of an archive one after the other.

    Parameters
    ----------
    file : binary file
        At its begin, and one that can go back: the header of a member is written after
        its content, which is read only once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []

    def add(self, name: str, contents: Sequence[bytes | memoryview]) -> str:
        """Write a member, which consists of these contents, and return its SHA-256."""
        position = self._members[-1].end if self._members else 0
        start = position + _LOCAL.size + len(name)
        crc, size = 0, sum(map(len, contents))
        self._file.seek(start)
        with Digest(size) as digest:
            for piece in _pieces(contents):
                digest.update(piece)
                crc = zlib.crc32(piece, crc)
                self._file.write(piece)
        member = Member(name, crc, size, start)
        self._file.seek(position)
        self._file.write(member.local_header)
        self._file.seek(member.end)
        self._members.append(member)
        return digest.hexdigest()

    def finish(self) -> None:
        """Write the list of members."""
        self._file.write(_directory(self._members))


def find_members(file: BinaryIO, size: int) -> dict[str, Member]:
    """Find the members of an archive, without reading their contents.

    Parameters
    ----------
    file : binary file
    size : int
        The size of the file, in bytes.

    Raises
    ------
    DamagedFileError
        If it does not have the form that :func:`write_archive` gives it.
    """
    members: dict[str, Member] = {}
    position = 0
    while _read_at(file, position, 4) == _LOCAL_MARK:
        member = _member_at(file, position)
        if member.end > size or len(members) == _MOST_MEMBERS or member.name in members:
            raise DamagedFileError(f"the size or the name of a member {_IS_WRONG}")
        members[member.name] = member
        position = member.end
    if not members:
        raise DamagedFileError("it has no members")
    directory = _directory(list(members.values()))
    # Of a file with much behind the end, only one byte is read.
    if _read_at(file, position, len(directory) + 1) != directory:
        raise DamagedFileError(f"the list of members {_IS_WRONG}")
    return members


@contextmanager
def opened_member(file: BinaryIO, member: Member) -> Iterator[MemberReader]:
    """Open a member for reading; its hash is there when the block is left."""
    file.seek(member.start)
    with Digest(member.size) as digest:
        yield MemberReader(file, member.size, digest)


class MemberReader:
    """Reads the content of a member from its begin to its end, and hashes it.

    Parameters
    ----------
    file : binary file
        At the begin of the member.
    n_left : int
        The number of bytes that are not read yet.
    digest : Digest
    """

    def __init__(self, file: BinaryIO, n_left: int, digest: Digest) -> None:
        self.n_left = n_left
        self._file = file
        self._digest = digest

    def read(self, n: int) -> bytes:
        """The next bytes."""
        found = bytearray(n)
        self.read_into(memoryview(found))
        return bytes(found)

    def read_into(self, memory: memoryview) -> None:
        """Fill a piece of memory with the next bytes."""
        for piece in _pieces([memory]):
            if self._file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise DamagedFileError("it has become shorter while it was read")
            self._digest.update(piece)
        self.n_left -= len(memory)

    def hexdigest(self) -> str:
        """The SHA-256 of what was read."""
        return self._digest.hexdigest()


_IS_WRONG = "is not as it was written"


def _pieces(contents: Sequence[bytes | memoryview]) -> Iterator[memoryview]:
    for content in contents:
        view = memoryview(content)
        for begin in range(0, len(view), _PIECE):
            yield view[begin : begin + _PIECE]


def _member_at(file: BinaryIO, position: int) -> Member:
    header = _read_at(file, position, _LOCAL.size)
    if len(header) < _LOCAL.size:
        raise DamagedFileError("it ends too early")
    *_, crc, _, size, n_name, _ = _LOCAL.unpack(header)
    start = position + _LOCAL.size + n_name
    raw = _read_at(file, position + _LOCAL.size, min(n_name, _LONGEST_NAME))
    if not raw.isascii():
        raise DamagedFileError(f"the name of a member {_IS_WRONG}")
    member = Member(raw.decode("ascii"), crc, size, start)
    if header + raw != member.local_header:
        raise DamagedFileError(f"the header of a member {_IS_WRONG}")
    return member


def _directory(members: list[Member]) -> bytes:
    """What stands at the end of an archive."""
    headers = b"".join(member.central_header for member in members)
    n, start = len(members), members[-1].end
    return headers + _END.pack(_END_MARK, 0, 0, n, n, len(headers), start, 0)


def _read_at(file: BinaryIO, position: int, n: int) -> bytes:
    file.seek(position)
    return file.read(n)
