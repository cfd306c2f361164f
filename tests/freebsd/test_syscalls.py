"""The table of system calls, against the system's headers."""

from __future__ import annotations

import re

import pytest
from tests.headers import header

from bsdproc import Debugger
from bsdproc.freebsd import syscalls
from bsdproc.freebsd.syscalls import Argument
from bsdproc.kernel import Kernel


def numbers() -> dict[int, str]:
    text = header("freebsd", "sys/syscall.h")
    found = {int(number): name for name, number in re.findall(r"#define\s+SYS_(\w+)\s+(\d+)", text)}
    return {number: name for number, name in found.items() if name != "MAXSYSCALL"}


def arguments() -> dict[str, list[tuple[str, str]]]:
    """Type and name of every argument, from the kernel's argument structs."""
    text = header("freebsd", "sys/sysproto.h")
    return {
        name: re.findall(r"PADL_\((.*?)\)\]; .*? (\w+); char", body)
        for name, body in re.findall(r"struct (\w+)_args \{\n(.*?)\n\};", text, re.S)
    }


@pytest.mark.toolchain
def test_every_number_has_its_name() -> None:
    headers = numbers()
    assert len(headers) > 430
    assert {number: call.name for number, call in syscalls.table().items()} == headers


@pytest.mark.toolchain
def test_every_argument_is_the_headers() -> None:
    headers = arguments()
    checked = 0
    for call in syscalls.table().values():
        if call.name in ("syscall", "__syscall"):
            continue        # they take another call's number and arguments
        expected = [(kind.replace(" *", "*").replace(" ", ""), name)
                    for kind, name in headers[call.name]]
        assert [(one.type.replace(" *", "*").replace(" ", ""), one.name)
                for one in call.arguments] == expected, call.name
        checked += 1
    assert checked == len(numbers()) - 2


@pytest.mark.toolchain
def test_results_are_the_headers() -> None:
    text = header("freebsd", "_libsys.h")
    headers = {name: kind.strip() for kind, name in
               re.findall(r"typedef (.*?) ?\(__sys_(\w+)_t\)\(", text)}
    for call in syscalls.table().values():
        if call.name in headers:
            assert call.returns == headers[call.name], call.name
    assert len(headers.keys() & {call.name for call in syscalls.table().values()}) > 350


def test_a_debugger_has_its_kernels_names(kernel: Kernel) -> None:
    with Debugger() as debugger:
        assert debugger.backend.syscall_name(79) == syscalls.name(79, kernel.version)


def test_names_by_release() -> None:
    assert syscalls.name(8, 1302001) == "#8"
    assert syscalls.name(79) == "freebsd14_getgroups"
    assert [syscalls.name(number, 1302001) for number in (79, 80, 82)] == [
        "getgroups", "setgroups", "setpgid"]
    assert (syscalls.name(1), syscalls.name(1, 1302001)) == ("_exit", "exit")
    assert (syscalls.name(69), syscalls.name(69, 1302001)) == ("#69", "sbrk")
    assert syscalls.by_name("exit") is syscalls.by_name("_exit")
    assert syscalls.number("exit") == 1
    assert Argument("buf", "void *").pointer
    assert not Argument("fd", "int").pointer


@pytest.mark.parametrize(("machine", "name", "words", "expected"), [
    ("amd64", "read", (0xFFFFFFFFFFFFFFFF, 0x1000, 16), (-1, 0x1000, 16)),
    ("amd64", "lseek", (3, 0xFFFFFFFFFFFFFFFE, 2), (3, -2, 2)),
    ("amd64", "mmap", (0, 4096, 3, 0x1002, 0xFFFFFFFF, 0), (0, 4096, 3, 0x1002, -1, 0)),
    ("i386", "lseek", (3, 0xFFFFFFFE, 0xFFFFFFFF, 2), (3, -2, 2)),
    ("i386", "mmap", (0, 4096, 3, 2, 5, 1, 2), (0, 4096, 3, 2, 5, 0x200000001)),
    ("arm", "lseek", (3, 0, 0xFFFFFFFE, 0xFFFFFFFF, 2), (3, -2, 2)),
    ("arm", "mmap", (0, 4096, 3, 2, 5, 0, 1, 2), (0, 4096, 3, 2, 5, 0x200000001)),
    ("powerpc64", "lseek", (3, 0xFFFFFFFFFFFFFFFE, 2), (3, -2, 2)),
    ("amd64", "write", (1, 0x2000), (1, 0x2000)),
    ("amd64", "getpid", (), ()),
])
def test_values_of_arguments(
    machine: str, name: str, words: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    call = syscalls.by_name(name)
    assert call is not None
    assert call.values(machine, words) == expected
