"""DragonFly's table of system calls: which there are, what they take, and what words mean."""

from __future__ import annotations

import pytest

from bsdproc import freebsd
from bsdproc.abi.syscalls import DRAGONFLY
from bsdproc.dragonfly import syscalls

WORDS = frozenset({"u_int", "unsigned", "uid_t", "gid_t", "dev_t"})
"""Types of 4 bytes without a sign."""


def test_each_call_has_a_prototype_of_known_types() -> None:
    table = syscalls.table()
    assert {number: call.name for number, call in table.items()} == dict(DRAGONFLY)
    kind = syscalls.Argument
    known = kind.longs | kind.wide | kind.signs | kind.widths.keys() | WORDS
    for call in table.values():
        for argument in call.arguments:
            assert argument.pointer or argument.type in known, (call, argument)
            assert argument.name.isidentifier()
        assert len({argument.name for argument in call.arguments}) == len(call.arguments)


@pytest.mark.parametrize("name", [
    "read", "open", "kill", "wait4", "execve", "ptrace", "mprotect", "fcntl", "sigaction",
    "sigprocmask", "nanosleep", "socketpair", "procctl", "openat", "wait6", "getrusage"])
def test_calls_of_one_origin_take_as_much_as_freebsds(name: str) -> None:
    here, there = syscalls.by_name(name), freebsd.syscalls.by_name(name)
    assert here is not None
    assert there is not None
    assert [a.pointer for a in here.arguments] == [a.pointer for a in there.arguments]


def test_its_own() -> None:
    assert syscalls.number("umtx_sleep") == 469
    assert syscalls.name(548) == "wait6"


@pytest.mark.parametrize(("name", "words", "expected"), [
    ("read", (0xFFFFFFFFFFFFFFFF, 0x1000, 16), (-1, 0x1000, 16)),
    ("lseek", (3, 0, 0xFFFFFFFFFFFFFFFE, 2), (3, 0, -2, 2)),
    ("mmap", (0, 4096, 3, 0x1002, 0xFFFFFFFF, 0, 1 << 40), (0, 4096, 3, 0x1002, -1, 0, 1 << 40)),
    ("mkdirat", (5, 0x1000, 0xFFFF01ED), (5, 0x1000, 0o755)),
    ("getpid", (), ()),
])
def test_values_of_arguments(
        name: str, words: tuple[int, ...], expected: tuple[int, ...]) -> None:
    call = syscalls.by_name(name)
    assert call is not None
    assert call.values("x86_64", words) == expected
