"""The file that ktrace(2) writes for a program that a test holds."""

from __future__ import annotations

import struct

from .held import ROOM, Held, how, read_file

BUFFER, CODE = ROOM + 0x1000, ROOM + 0x3000
OPEN, CLOSE, UNLINK, KTRACE = 5, 6, 10, 45
SET, CLEAR = 0, 1
HEADER = struct.Struct("<ih2xi20sqqq")


def path(t: Held, name: str) -> int:
    t.write(ROOM, name.encode() + b"\0")
    return ROOM


def ready(t: Held) -> Held:
    """With an empty file to write to."""
    t.call(UNLINK, path(t, "/tmp/trace"))
    fd = t.call(OPEN, ROOM, 0x602, 0o666)[1]
    t.call(CLOSE, fd)
    return t


def trace(t: Held, operation: int, facilities: int, pid: int | None = None) -> int:
    return t.call(KTRACE, path(t, "/tmp/trace"), operation, facilities,
                  t.pid if pid is None else pid)[0]


def written_by(t: Held) -> list[tuple[int, int, bytes]]:
    """The records: of whom, kind and contents; nothing more of `t` is traced, if it lives."""
    if not how(lambda: t.read(BUFFER, 1)):
        trace(t, CLEAR, 0xFFFFFF)
    data, found, at = read_file(t.kernel, "/tmp/trace", 1 << 20), [], 0
    while at < len(data):
        if at + HEADER.size > len(data):
            break           # cut by a limit
        size, kind, pid, comm, *_ = HEADER.unpack_from(data, at)
        assert comm.rstrip(b"\0")
        at += HEADER.size
        found.append((pid, kind, data[at : at + size]))
        at += size
    return found


def written(t: Held) -> list[tuple[int, bytes]]:
    """Those of a program that is traced alone."""
    found = written_by(t)
    assert {pid for pid, _, _ in found} <= {t.pid}
    return [(kind, data) for _, kind, data in found]
