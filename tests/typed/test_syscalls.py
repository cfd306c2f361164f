"""What is asked of the systems' tables of system calls, which is alike."""

from __future__ import annotations

from types import ModuleType

import pytest

from bsdproc import dragonfly, freebsd, netbsd


@pytest.mark.parametrize(("syscalls", "unused"), [
    (freebsd.syscalls, 8), (netbsd.syscalls, 11), (dragonfly.syscalls, 8),
], ids=["freebsd", "netbsd", "dragonfly"])
def test_lookups(syscalls: ModuleType, unused: int) -> None:
    read = syscalls.by_number(3)
    assert str(read) == "read(int fd, void *buf, size_t nbyte)"
    assert read is syscalls.by_name("read")
    assert syscalls.number("read") == 3
    assert syscalls.name(3) == "read"
    assert syscalls.by_number(unused) is None
    assert syscalls.name(unused) == f"#{unused}"
    assert syscalls.by_name("nothing") is None
    with pytest.raises(KeyError, match="nothing"):
        syscalls.number("nothing")
