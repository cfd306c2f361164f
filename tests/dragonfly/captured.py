"""What a DragonFly 5.9 answered, out of the texts in captures/."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CAPTURES = Path(__file__).with_name("captures")
KERN_PROC = "kern.proc-and-ptrace-2cpu.txt"
CORNERS = "kern.proc-corner-cases.txt"
PROCFS = "procfs.txt"
PROCCTL = "procctl.txt"
PTRACE = ("ptrace-1.txt", "ptrace-2.txt")
TEXTS = (KERN_PROC, CORNERS, PROCFS, PROCCTL, *PTRACE)


def lines(name: str) -> list[str]:
    return (CAPTURES / name).read_text(encoding="ascii", errors="strict").splitlines()


def octets(quoted: str) -> bytes:
    """The bytes of "a\\x00b", as the programs print them."""
    value: object = ast.literal_eval(f"b{quoted}")
    assert isinstance(value, bytes)
    return value


class Text(NamedTuple):
    """A node that was opened and read once."""

    path: str
    room: int | None
    """How much was asked for at once; None: more than enough."""
    error: str | None
    data: bytes
    after: str
    """The line before which it was read, for what changes."""


_CAT = re.compile(r"cat (/\S+?)(?: \(read (\d+)\))?: "
                  r"(?:open (E\w+)|n=(-?\d+) (\w+) ?(\".*\")?\s*)$")


def nodes(name: str) -> Iterator[Text]:
    """Every node of procfs that a text has."""
    found = lines(name)
    for number, line in enumerate(found):
        cat = _CAT.match(line)
        if cat is None:
            assert not line.startswith("cat "), line
            continue
        path, room, refused, count, error, quoted = cat.groups()
        data = octets(quoted) if quoted else b""
        if count is not None and int(count) > 0 and not quoted:
            data = bytes.fromhex(found[number + 1].removeprefix("   HEX "))
        assert count is None or len(data) == max(int(count), 0)
        failed = refused or (error if error != "ok" else None)
        yield Text(path, int(room) if room else None, failed, data, found[number - 1])


class Asked(NamedTuple):
    """A sysctl that was asked with a buffer."""

    label: str
    mib: tuple[int, ...]
    room: int
    new: int
    error: str | None
    length: int
    data: bytes | None


_S = re.compile(r"S (.*?) mib=([-\d.]+) cap=(\d+) new=(\d+) -> ret=-?\d+ errno=(\w+) oldlen=(\d+)"
                r" data=(.*)")
_Q = re.compile(r"Q (.*?) mib=([-\d.]+) cap=(\d+) -> ret=-?\d+ errno=(\w+) oldlen=(\d+)")


def strings() -> Iterator[Asked]:
    """kern.proc.args, cwd, pathname and sigtramp, in the order they were asked."""
    for line in lines(KERN_PROC):
        asked = _S.fullmatch(line)
        if asked is None:
            assert not line.startswith("S "), line
            continue
        label, mib, room, new, error, length, data = asked.groups()
        value = octets(data) if data.startswith('"') else None
        if value is not None and len(value) < int(length):
            value = None        # the program printed no more than its beginning
        yield Asked(label, tuple(map(int, mib.split("."))), int(room), int(new),
                    None if error == "ok" else error, int(length), value)


def tables() -> Iterator[Asked]:
    """The lists of processes, without their records."""
    for line in lines(KERN_PROC):
        asked = _Q.match(line)
        if asked is None:
            assert not line.startswith("Q "), line
            continue
        label, mib, room, error, length = asked.groups()
        yield Asked(label, tuple(map(int, mib.split("."))), int(room), 0,
                    None if error == "ok" else error, int(length), None)


class Raw(NamedTuple):
    """A whole record, and what the program said of it: "pid" → "15" .."""

    data: bytes
    process: dict[str, str]
    thread: dict[str, str]


_WORD = re.compile(r"([\w.]+)=(\"(?:[^\"\\]|\\.)*\"|\S+)")


def _words(said: list[str]) -> dict[str, str]:
    return {key: value.rstrip(";") for key, value in _WORD.findall(" ".join(said))}


def records() -> list[Raw]:
    """The records of the text that have their bytes beside them."""
    found: list[Raw] = []
    above: list[str] = []
    for line in lines(KERN_PROC):
        if line.startswith("   RAW "):
            data = bytes.fromhex(line.split()[1])
            found.append(Raw(data, _words(above[-5:-2]), _words(above[-2:])))
        above = [*above[-4:], line]
    return found


def decoded() -> list[tuple[bytes, dict[str, object]]]:
    """Records that were decoded elsewhere."""
    listed = json.loads((CAPTURES / "kinfo_proc-raw.json").read_text(encoding="ascii"))
    return [(bytes.fromhex(one["raw"]), one["decoded"]) for one in listed]
