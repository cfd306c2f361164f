"""ptrace(2) of DragonFly, asked by a program of its own."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.emulator.bsd.remote import Remote

from bsdproc.emulator import DragonFly

ACT = Path(__file__).resolve().parent / "programs" / "bin" / "act"
PT_ATTACH, PT_IO, PIOD_READ_D = 10, 12, 1
SIGTRAP, SIGCHLD = 5, 20
READ, WRITE, MAP_ANON = 1, 2, 0x1000


@pytest.mark.rule("dragonfly-sys_process", "io-answer")
def test_a_descriptor_that_cannot_be_written_back() -> None:
    """Nobody looks at what comes of the copyout (sys_process.c): success, and the bytes are
    there."""
    with DragonFly() as kernel:
        kernel.install("/bin/act", ACT)
        pid = kernel.spawn("/bin/act", ["act", "spin"], {})
        kernel.settle(0.01)
        remote = Remote(kernel)
        page = remote.call("mmap", 0, 0x1000, READ | WRITE, MAP_ANON, -1, 0)
        assert remote.call("ptrace", PT_ATTACH, pid, 0, 0) == 0
        remote.start("wait4", pid, 0, 0, 0)
        assert remote.wait() == SIGCHLD << 8 | 0x7F
        remote.ptrace.cont(remote.pid, kernel=kernel)
        assert remote.wait() == SIGTRAP << 8 | 0x7F
        assert remote.end() == (0, pid)
        remote.poke(page, struct.pack("<4Q", PIOD_READ_D, _entry(ACT), remote.out, 4))
        assert remote.call("mprotect", page, 0x1000, READ) == 0
        assert remote.call("ptrace", PT_IO, pid, page, 0) == 0
        found = remote.peek(remote.out, 4)
        assert found in ACT.read_bytes()
        assert any(found)


def _entry(path: Path) -> int:
    (entry,) = struct.unpack_from("<Q", path.read_bytes(), 24)
    return int(entry)
