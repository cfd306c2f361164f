"""Opening every node in every way, as NetBSD 7.99.4 was recorded doing it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.kernel import Kernel, KernelError

from . import remote
from .remote import Tracee

FLAGS = (0, 1, 2, 2 | 0x800, 2 | 0x400, 2 | 0x200)
"""O_RDONLY, O_WRONLY, O_RDWR, and that with O_EXCL, O_TRUNC and O_CREAT."""

BY_ROOT = """
file       OK       ETXTBSY  ETXTBSY  ETXTBSY  -        EEXIST
mem        OK       OK       OK       EBUSY    OK       OK
regs       OK       OK       OK       OK       OK       OK
fpregs     OK       OK       OK       OK       OK       OK
stat       OK       OK       OK       OK       OK       OK
status     OK       OK       OK       OK       OK       OK
note       OK       OK       OK       OK       OK       OK
notepg     OK       OK       OK       OK       OK       OK
map        OK       OK       OK       OK       OK       OK
maps       OK       OK       OK       OK       OK       OK
cmdline    OK       OK       OK       OK       OK       OK
exe        OK       ETXTBSY  ETXTBSY  ETXTBSY  ETXTBSY  ETXTBSY
cwd        OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
root       OK       EISDIR   EISDIR   EISDIR   EISDIR   EEXIST
emul       OK       OK       OK       OK       OK       OK
statm      OK       OK       OK       OK       OK       OK
task       OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd         OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd/4       OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd/12      OK       EISDIR   EISDIR   EISDIR   EISDIR   EEXIST
fd/13      OK       OK       OK       OK       OK       OK
fd/3       OK       OK       OK       OK       OK       EEXIST
.          OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
/cpuinfo   OK       OK       OK       OK       OK       OK
/meminfo   OK       OK       OK       OK       OK       OK
/mounts    OK       OK       OK       OK       OK       OK
/uptime    OK       OK       OK       OK       OK       OK
/version   OK       OK       OK       OK       OK       OK
/loadavg   OK       OK       OK       OK       OK       OK
/devices   OK       OK       OK       OK       OK       OK
/stat      OK       OK       OK       OK       OK       OK
"""
"""Of root's process 21, and of the root of the mount; "-" was not tried."""

BY_ANOTHER = """
file       OK       ETXTBSY  ETXTBSY  ETXTBSY  -        EEXIST
mem        EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
regs       EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
fpregs     EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
stat       OK       EACCES   EACCES   EACCES   EACCES   EACCES
status     OK       EACCES   EACCES   EACCES   EACCES   EACCES
note       EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
notepg     EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
map        EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
maps       EACCES   EACCES   EACCES   EACCES   EACCES   EACCES
cmdline    OK       EACCES   EACCES   EACCES   EACCES   EACCES
exe        OK       ETXTBSY  ETXTBSY  ETXTBSY  ETXTBSY  ETXTBSY
cwd        OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
root       OK       EISDIR   EISDIR   EISDIR   EISDIR   EEXIST
emul       OK       EACCES   EACCES   EACCES   EACCES   EACCES
statm      OK       EACCES   EACCES   EACCES   EACCES   EACCES
task       OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd         EACCES   EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd/3       OK       EACCES   EACCES   EACCES   EACCES   EEXIST
fd/4       OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
fd/13      OK       EACCES   EACCES   EACCES   EACCES   EACCES
.          OK       EISDIR   EISDIR   EISDIR   EISDIR   EISDIR
"""
"""The same by uid 1000."""


def table(text: str) -> dict[str, tuple[str, ...]]:
    return {line.split()[0]: tuple(line.split()[1:]) for line in text.strip().splitlines()}


@pytest.fixture(scope="module")
def target() -> Iterator[Tracee]:
    """Root's, with the descriptors that were recorded."""
    with NetBSD() as kernel:
        kernel.install("/tmp/target", remote.program())
        kernel.install("/etc/rc", b"some text", 0o644)
        pid = kernel.spawn("/tmp/target", ["/tmp/target"], cwd="/etc")
        kernel.settle(0.0001)
        tracee = Tracee(kernel, pid)
        for path, at in ((b"/etc/rc", 3), (b"/etc", 4), (b"/", 12),
                         (f"/proc/{pid}/status".encode(), 13)):
            fd, _ = tracee.call(remote.OPEN, path, 0, 0)
            if fd != at:
                tracee.call(remote.DUP2, fd, at)
                tracee.call(remote.CLOSE, fd)
        yield tracee


def tried(kernel: Kernel, path: str) -> tuple[str, ...]:
    found = []
    for flags in FLAGS:
        try:
            kernel.close(kernel.open(path, flags))
            found.append("OK")
        except KernelError as error:
            found.append(str(error.name))
    return tuple(found)


def compared(kernel: Kernel, pid: int, name: str, recorded: tuple[str, ...]) -> bool:
    path = f"/proc{name}" if name.startswith("/") else f"/proc/{pid}/{name}"
    return all(ours == theirs or theirs == "-"
               for ours, theirs in zip(tried(kernel, path), recorded, strict=True))


@pytest.mark.parametrize("name", table(BY_ROOT))
def test_by_root(target: Tracee, name: str) -> None:
    assert compared(target.kernel, target.pid, name, table(BY_ROOT)[name])


def test_by_another_user(target: Tracee) -> None:
    pid, rows = target.pid, table(BY_ANOTHER)
    assert target.kernel.run_child(
        lambda view: [name for name in rows if not compared(view, pid, name, rows[name])],
        uid=1000) == []
