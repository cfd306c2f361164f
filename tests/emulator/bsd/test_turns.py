"""Whose turn it is: a program that does nothing but system calls keeps nobody waiting."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from bsdproc import emulator

WNOHANG = 1
SIGKILL = 9
TEXT = 0x200000
CALLS = bytes.fromhex("b814000000 0f05 ebf7")
"""getpid(2), for ever."""
COUNTS = bytes.fromhex("ffc1 81f980841e00 75f6 31ff b801000000 0f05")
"""Counts to two millions, and exits."""
Kernel = emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly
SYSTEMS: dict[str, tuple[Callable[[], Kernel], bytes, int]] = {
    "FreeBSD": (emulator.FreeBSD, b"FreeBSD", 1302001),
    "NetBSD": (emulator.NetBSD, b"NetBSD", 1000000000),
    "DragonFly": (emulator.DragonFly, b"DragonFly", 500900),
}


def program(code: bytes, owner: bytes, version: int) -> bytes:
    """A static program, with the note that says whose it is."""
    name = owner + b"\0"
    note = struct.pack("<III", len(name), 4, 1) + name + bytes(-len(name) % 4)
    note += struct.pack("<I", version)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, TEXT, 64, 0, 0,
                         64, 56, 2, 64, 0, 0)
    text = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, TEXT, 0, len(code), len(code), 0x1000)
    notes = struct.pack("<IIQQQQQQ", 4, 4, 0x200, 0, 0, len(note), len(note), 4)
    return ((header + text + notes).ljust(0x200, b"\0") + note).ljust(0x1000, b"\0") + code


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_look_at_a_program_that_only_makes_calls_comes_back(system: str) -> None:
    kind, owner, version = SYSTEMS[system]
    with kind() as kernel:
        kernel.install("/bin/calls", program(CALLS, owner, version))
        pid = kernel.spawn("/bin/calls", ["calls"], {})
        assert kernel.wait4(pid, WNOHANG) == (0, 0, b"")
        kernel.kill(pid, SIGKILL)
        assert kernel.wait4(pid).status == SIGKILL


@pytest.mark.parametrize("system", SYSTEMS)
def test_another_program_has_its_turns_beside_it(system: str) -> None:
    kind, owner, version = SYSTEMS[system]
    with kind() as kernel:
        kernel.install("/bin/calls", program(CALLS, owner, version))
        kernel.install("/bin/counts", program(COUNTS, owner, version))
        calling = kernel.spawn("/bin/calls", ["calls"], {})
        counting = kernel.spawn("/bin/counts", ["counts"], {})
        assert kernel.wait4(counting).status == 0
        kernel.kill(calling, SIGKILL)
        assert kernel.wait4(calling).status == SIGKILL
