"""An emulated machine as its user holds it."""

from __future__ import annotations

from inspect import getdoc
from pathlib import Path

import pytest

from bsdproc import emulator
from bsdproc.kernel import KernelError

PROGRAMS = Path(__file__).resolve().parents[3] / "examples" / "programs" / "bin"
MACHINES = [emulator.FreeBSD, emulator.NetBSD, emulator.DragonFly]
O_RDWR, O_CREAT = 2, 0x200


@pytest.mark.parametrize("machine", MACHINES)
def test_every_method_says_what_it_does(machine: type[emulator.FreeBSD]) -> None:
    assert [name for name in dir(machine)
            if not name.startswith("_") and not getdoc(getattr(machine, name))] == []


@pytest.mark.parametrize("machine", MACHINES)
def test_files_that_are_put_there_and_read(machine: type[emulator.FreeBSD]) -> None:
    text = bytes(range(256)) * 8000
    with machine() as kernel:
        kernel.install("/etc/one", text)
        kernel.install("/etc/none", b"")
        assert kernel.read_file("/etc/one") == text
        assert kernel.read_file("/etc/none") == b""
        with pytest.raises(FileNotFoundError) as caught:
            kernel.read_file("/etc/two")
        assert isinstance(caught.value, KernelError)
        with pytest.raises(IsADirectoryError):
            kernel.read_file("/etc")


def test_what_a_program_wrote() -> None:
    with emulator.FreeBSD() as kernel:
        kernel.install("/bin/hello", PROGRAMS / "hello")
        log = kernel.open("/tmp/log", O_RDWR | O_CREAT, 0o600)
        pid = kernel.spawn("/bin/hello", ["hello"], fds={1: log})
        kernel.wait4(pid)
        lines = kernel.read_file("/tmp/log").splitlines()
    assert lines == [b"child: hello from FreeBSD, parent %d" % pid,
                     b"parent: the child sent signal 30", b"parent: the child exited with 3"]


@pytest.mark.parametrize("machine", MACHINES)
def test_an_interpreter_that_is_not_there_is_named(machine: type[emulator.FreeBSD]) -> None:
    with machine() as kernel:
        kernel.install("/bin/script", b"#!/bin/no-shell -x\n")
        with pytest.raises(FileNotFoundError, match="its interpreter is /bin/no-shell"):
            kernel.spawn("/bin/script", ["script"])
