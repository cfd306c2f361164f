"""minherit(2), by which a C library keeps its random numbers from a child."""

from __future__ import annotations

import pytest

from bsdproc.emulator.errno import NAMES, Refused

from .conftest import LINKERS, Make

NUMBERS = {"freebsd": 250, "netbsd": 273, "dragonfly": 250}
ZERO = {"freebsd": 3, "netbsd": 4}
TOP = (1 << 64) - 4096


@pytest.mark.parametrize("system", LINKERS)
def test_what_a_fork_does_with_memory(make: Make, system: str) -> None:
    world = make(system)
    pid = world.kernel.spawn("/bin/fixed", ["fixed"], traced=True)
    world.kernel.wait4(pid)
    machine = world.kernel._system
    td = machine.procs[pid].threads[0]
    space = td.proc.space
    assert space is not None
    call = machine.syscalls[NUMBERS[system]][2]
    space.map(0x7000000000, 0x4000, 3)

    def asked(address: int, size: int, how: int) -> str:
        try:
            assert call(machine, td, (address, size, how)) == 0
        except Refused as error:
            return NAMES[error.errno]
        return ""

    def kinds() -> list[str]:
        return [entry.inherit for entry in space.entries if entry.start >> 32 == 0x70]

    assert asked(0x7000001000, 0x1001, 2) == "", "whole pages"
    assert kinds() == ["copy", "none", "copy"]
    assert asked(0x7000000000, 0x5000, 1) == "", "a hole is passed over"
    assert kinds() == ["copy"]
    assert asked(0x7000002000, 0x1000, 0) == ""
    assert "share" in kinds()
    for how in range(3, 6):
        known = ZERO.get(system) == how
        assert asked(0x7000000000, 0x1000, how) == ("" if known else "EINVAL")
        assert (kinds()[0] == "zero") == (ZERO.get(system, 9) <= how)
    assert asked(0x7000000000, 0, 2) == ""
    assert asked(TOP, 0x4000, 1) == "EINVAL"
    beyond = asked(0x7000000000, 1 << 47, 1)
    assert beyond == ("EINVAL" if system == "netbsd" else "")
