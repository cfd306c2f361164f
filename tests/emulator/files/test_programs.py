"""What no emulated kernel executes, and what its user is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bsdproc import emulator
from bsdproc.kernel import KernelError

PROGRAMS = Path(__file__).resolve().parents[3] / "examples" / "programs" / "bin"
HELLO = {"freebsd": PROGRAMS / "hello", "netbsd": PROGRAMS / "netbsd" / "hello",
         "dragonfly": PROGRAMS / "dragonfly" / "hello"}
Machine = emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly


@pytest.fixture(params=sorted(HELLO))
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    made: Machine
    if request.param == "freebsd":
        made = emulator.FreeBSD()
    elif request.param == "netbsd":
        made = emulator.NetBSD()
    else:
        made = emulator.DragonFly()
    with made:
        yield made


def refused(machine: Machine, *argv: str) -> KernelError:
    with pytest.raises(KernelError) as caught:
        machine.spawn(argv[0], argv)
    return caught.value


def test_a_text_is_no_program(machine: Machine) -> None:
    machine.install("/bin/text", b"no program")
    error = refused(machine, "/bin/text")
    assert (error.name, error.reason) == ("ENOEXEC", "/bin/text is no ELF file")


def test_another_systems_program(machine: Machine) -> None:
    for system, path in HELLO.items():
        machine.install(f"/bin/{system}", path)
        if system != machine.system:
            error = refused(machine, f"/bin/{system}")
            assert (error.name, error.reason) == (
                "ENOEXEC", f"/bin/{system} is a program of {system}")
            assert machine.log[-1] == f"execve /bin/{system}: {error.reason}"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks for the host's own Python")
def test_the_hosts_program(machine: Machine) -> None:
    machine.install("/bin/python", sys.executable)
    assert "/bin/python" in str(refused(machine, "/bin/python").reason)


def test_more_arguments_than_the_kernel_has_room_for(machine: Machine) -> None:
    """Looked at before the file: it need not be there."""
    for argv in (["/nowhere", "x" * (1 << 20)], ["/nowhere", *["x"] * 300_000]):
        assert refused(machine, *argv).name == "E2BIG"


def test_a_script_whose_name_is_no_text(machine: Machine) -> None:
    machine.install("/bin/hello", HELLO[machine.system])
    machine.install("/bin/\udc80", b"#!/bin/hello \xff\n")
    pid = machine.spawn("/bin/\udc80", ["script"])
    machine.settle(1)
    assert machine.wait4(pid).status == 0
