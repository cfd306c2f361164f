"""The table of system calls, against the system's headers."""

from __future__ import annotations

import re

import pytest
from tests.headers import header

from bsdproc.netbsd import syscalls
from bsdproc.netbsd.syscalls import Argument


@pytest.mark.toolchain
def test_every_number_has_its_name() -> None:
    numbers = {int(number): name
               for name, number in re.findall(r"#define\s+SYS_(\w+)\s+(\d+)",
                                              header("netbsd", "sys/syscall.h"))
               if name not in ("MAXSYSCALL", "NSYSENT", "MAXSYSARGS")}
    assert len(numbers) > 450
    assert {number: call.name for number, call in syscalls.table().items()} == numbers


@pytest.mark.toolchain
def test_types_and_results_are_the_headers() -> None:
    said = re.findall(r'/\* syscall: "\w+" ret: "(.*?)" args: (.*?)\*/\n#define\s+SYS_(\w+)',
                      header("netbsd", "sys/syscall.h"))
    assert len(said) > 450
    for returns, types, name in said:
        call = syscalls.by_name(name)
        assert call is not None
        assert call.returns == returns
        expected = [kind for kind in re.findall(r'"(.*?)"', types) if kind != "..."]
        assert [argument.type for argument in call.arguments][: len(expected)] == expected, name


@pytest.mark.toolchain
def test_names_of_arguments_are_the_headers() -> None:
    structs = {
        name: re.findall(r"syscallarg\((.*?)\) (\w+);", body)
        for name, body in re.findall(r"struct sys_(\w+)_args \{\n(.*?)\n\};",
                                     header("netbsd", "sys/syscallargs.h"), re.S)
    }
    checked = 0
    for call in syscalls.table().values():
        if call.name in structs:
            assert [(one.type, one.name) for one in call.arguments] == structs[call.name]
            checked += 1
    assert checked > 300


def test_names_and_pointers() -> None:
    assert syscalls.name(449) == "__wait450"
    assert Argument("buf", "void *").pointer
    assert not Argument("fd", "int").pointer


@pytest.mark.parametrize(("machine", "name", "words", "expected"), [
    ("amd64", "read", (0xFFFFFFFFFFFFFFFF, 0x1000, 16), (-1, 0x1000, 16)),
    ("amd64", "lseek", (3, 0, 0xFFFFFFFFFFFFFFFE, 2), (3, 0, -2, 2)),
    ("i386", "lseek", (3, 0, 0xFFFFFFFE, 0xFFFFFFFF, 2), (3, 0, -2, 2)),
    ("sparc", "lseek", (3, 0, 0xFFFFFFFF, 0xFFFFFFFE, 2), (3, 0, -2, 2)),
    ("arm", "pread", (3, 0x1000, 16, 0, 1, 2), (3, 0x1000, 16, 0, 0x200000001)),
    ("sparc64", "__wait450", (0xFFFFFFFFFFFFFFFF, 0x10, 0, 0), (-1, 0x10, 0, 0)),
    ("amd64", "getpid", (), ()),
])
def test_values_of_arguments(
    machine: str, name: str, words: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    call = syscalls.by_name(name)
    assert call is not None
    assert call.values(machine, words) == expected
