"""Random system calls on files and sysctls: whatever the arguments, a call
ends with a result or an errno, and the books of open files stay right."""

from __future__ import annotations

import random
import struct
from collections import Counter

import pytest

from bsdproc.emulator import FreeBSD
from bsdproc.emulator.bsd.syscalls import files, names, numbered, poll
from bsdproc.emulator.errno import EBUSY, EDEADLK, ESRCH, NAMES
from bsdproc.emulator.freebsd.syscalls import files as own_files
from bsdproc.emulator.freebsd.syscalls import sysctl
from bsdproc.emulator.freebsd.syscalls.numbers import SHARED

from .remote import Remote

OF_FILES = {*files.CALLS, *names.CALLS, *poll.CALLS}
CALLS = {
    **{number: call for number, call in numbered(SHARED).items() if call[0] in OF_FILES},
    **own_files.SYSCALLS,
    **sysctl.SYSCALLS,
}
WITHOUT_LIMIT = frozenset({"ppoll", "select", "pselect"})
ON_DESCRIPTORS = frozenset({
    "read", "write", "pread", "pwrite", "readv", "writev", "preadv", "pwritev", "fstat", "fcntl",
    "ioctl", "lseek", "ftruncate", "dup", "dup2", "fsync", "fdatasync", "getdirentries",
    "fchdir", "fchmod", "fchown",
})  # fmt: skip
PATHS = tuple(path + b"\0" for path in (
    b"/tmp/a", b"/tmp/d", b"/tmp/d/x", b".", b"..", b"", b"/", b"/tmp/fifo", b"/proc",
    b"/proc/curproc/mem", b"/proc/curproc/map", b"/proc/1/status", b"/dev/zero", b"/dev/null",
    b"/dev/tty", b"a", b"d/../a"))
NUMBERS = (0, 1, 2, 3, 5, 8, 14, 100, -1, -100, 0x200, 0x202, 0o777, 65536, 1 << 31, 1 << 63)
MANY = 3000
WAITS = (EDEADLK, EBUSY, ESRCH)
"""A call waits for what will never come, or its process was ended by a signal."""


def arguments(chance: random.Random, name: str, count: int, remote: Remote) -> list[int | bytes]:
    def one() -> int | bytes:
        kind = chance.random()
        if kind < 0.3:
            return chance.choice(PATHS)
        if kind < 0.6:
            return chance.choice(NUMBERS)
        if kind < 0.8:
            return remote.out + chance.randrange(30000)
        if kind < 0.9:
            return chance.randbytes(chance.randrange(64))
        return chance.getrandbits(chance.choice((4, 16, 32, 64)))

    args = [one() for _ in range(count)]
    if name in ON_DESCRIPTORS and chance.random() < 0.9:
        args[0] = chance.randrange(14)
    if name == "poll":
        args[2] = chance.choice((0, 1, 5))
    if name == "fcntl":
        args[1] = chance.randrange(24)
    if name == "__sysctl":
        mib = [1, 14, chance.randrange(48), chance.choice((remote.pid, -1, 0, 1)),
               chance.randrange(16)][: chance.randrange(2, 6)]
        args[0], args[1] = struct.pack(f"<{len(mib)}i", *mib), len(mib)
        args[2], args[3] = remote.out, struct.pack("<Q", chance.choice((0, 10, 5000)))
    return args


def books(kernel: FreeBSD) -> None:
    """Each open file is counted as often as descriptors refer to it."""
    slots = [slot.file for p in kernel._system.procs.values() for slot in p.files.slots.values()]
    counted = Counter(id(file) for file in slots)
    assert all(file.refs == counted[id(file)] for file in slots)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calls_with_random_arguments(kernel: FreeBSD, seed: int) -> None:
    chance = random.Random(seed)
    kernel.mkdir("/tmp/d", 0o777)

    def fresh() -> Remote:
        kernel._system.vfs.root.mode = 0o755
        return Remote(kernel, uid=1001)

    remote, outcomes = fresh(), Counter[str]()
    for _ in range(MANY):
        number = chance.choice(list(CALLS))
        name, count, _ = CALLS[number]
        if name in WITHOUT_LIMIT or (name.startswith("close") and chance.random() < 0.8):
            continue
        try:
            error, _ = remote.attempt(number, *arguments(chance, name, count, remote))
        except OSError as failed:
            if failed.errno not in WAITS:
                raise
            remote = fresh()
        else:
            outcomes[NAMES.get(error, "")] += 1
    books(kernel)
    assert outcomes[""] > MANY // 10
    assert len(outcomes) > 8
