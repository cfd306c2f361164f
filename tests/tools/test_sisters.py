"""System calls of NetBSD and DragonFly as text.

The numbers are those of NetBSD 10's headers, which the tests compile, and of DragonFly 5.9's
sys/{fcntl,mman,socket,event,resource,time,unistd}.h, which no package carries."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bsdproc import abi, netbsd
from bsdproc.tools.decode import calls
from bsdproc.tools.decode.sisters import NETBSD, OF, SAME
from bsdproc.tools.decode.table import KINDS

from .test_decode import BASE, measured, shown

TARGETS = {"netbsd": abi.target("netbsd", "amd64"), "dragonfly": abi.target("dragonfly", "x86_64")}
HEADERS = ("sys/param.h", "sys/fcntl.h", "sys/mman.h", "sys/wait.h", "sys/time.h",
           "sys/resource.h", "sys/socket.h", "sys/event.h", "sys/poll.h", "unistd.h", "signal.h",
           "netinet/in.h", "netinet/tcp.h", "time.h")


@pytest.mark.toolchain
def test_netbsd_s_numbers_are_the_headers(tmp_path: Path) -> None:
    names = [(name, value) for of in (*SAME, *NETBSD)
             for name, value in OF["netbsd"][of].values.items()]
    found = measured([name for name, _ in names], tmp_path, "netbsd", HEADERS)
    assert [(name, value, real) for (name, value), real in zip(names, found, strict=True)
            if value not in (real, real & 0xFFFFFFFF)] == []


@pytest.mark.parametrize("system", TARGETS)
def test_every_kind_of_the_tables_is_known(system: str) -> None:
    names = calls.said(system) if system == "netbsd" else netbsd.syscalls.table()
    for name in names:
        for one in calls.arguments(name, system):
            assert one.kind in KINDS
            assert one.kind != "named" or one.inside in OF[system]
    for name, said in calls.said("netbsd").items():
        call = netbsd.syscalls.by_name(name)
        assert call is not None, name
        assert set(said) <= {one.name for one in call.arguments}, name


def said(system: str, name: str, *words: int, data: bytes = b"", result: int | None = None) -> str:
    return shown(name, *words, data=data, result=result, target=TARGETS[system])


@pytest.mark.parametrize(("system", "socket", "inet6"), [
    ("netbsd", "__socket30", 24), ("dragonfly", "socket", 28)])
def test_sockets(system: str, socket: str, inet6: int) -> None:
    assert said(system, socket, inet6, 0x30000002, 17) == (
        "PF_INET6,SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK,IPPROTO_UDP")
    assert said(system, "bind", 3, BASE, 16, data=b"\x10\x01/tmp/sock\0\0\0\0\0") == (
        '3,{ AF_UNIX "/tmp/sock" },16')
    address = struct.pack(">BBHI16s4x", 28, inet6, 80, 0, bytes(15) + b"\1")
    assert said(system, "connect", 3, BASE, 28, data=address) == "3,{ AF_INET6 [::1]:80 },28"
    assert said(system, "socketpair", 1, 1, 0, BASE, data=b"\3\0\0\0\4\0\0\0", result=0) == (
        "PF_LOCAL,SOCK_STREAM,0,[3,4]")
    assert said(system, "shutdown", 3, 1) == "3,SHUT_WR"
    timeout = 0x100B if system == "netbsd" else 0x1005
    assert said(system, "setsockopt", 3, 0xFFFF, timeout, 0, 16) == (
        "3,SOL_SOCKET,SO_SNDTIMEO,0x0,16")
    cloexec = 0x800 if system == "netbsd" else 0x1000
    head = struct.pack("<QI4xQi4xQIi", 0, 0, BASE + 56, 1, 0, 0, cloexec)
    data = head.ljust(56, b"\0") + struct.pack("<QQ", BASE + 72, 5) + b"hello"
    assert said(system, "sendmsg", 3, BASE, 0x480, data=data) == (
        '3,{ 0x0,0,[ { "hello",5 } ],1,0x0,0,MSG_CMSG_CLOEXEC },MSG_DONTWAIT|MSG_NOSIGNAL')


@pytest.mark.parametrize(("system", "name", "event", "text"), [
    ("netbsd", "compat_100___kevent50", struct.pack("<QIII4xqQ", 3, 4, 0x11, 7, 9, 5),
     "3,EVFILT_PROC,EV_ADD|EV_ONESHOT,0x7,0x9,0x5"),
    ("netbsd", "__kevent100", struct.pack("<QIII4xqQ32x", 3, 0, 0x8001, 7, 9, 5),
     "3,EVFILT_READ,EV_ADD|EV_EOF,0x7,0x9,0x5"),
    ("dragonfly", "kevent", struct.pack("<QhHIqQ", 3, -8, 0x11, 7, 9, 5),
     "3,EVFILT_EXCEPT,EV_ADD|EV_ONESHOT,0x7,0x9,0x5")])
def test_kevents(system: str, name: str, event: bytes, text: str) -> None:
    told = said(system, name, 4, BASE, 2, BASE, 2, 0, data=event * 2, result=1)
    assert told == f"4,{{ {text} {text} }},2,{{ {text} }},2,0x0"


def test_flags_of_files_and_memory() -> None:
    name = b"a\0"
    assert said("netbsd", "open", BASE, 0x400601, 0o644, data=name) == (
        '"a",O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC,0644')
    assert said("dragonfly", "open", BASE, 0x20601, 0o644, data=name) == (
        '"a",O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC,0644')
    assert said("netbsd", "openat", -100, BASE, 0x200000, 0, data=name) == (
        'AT_FDCWD,"a",O_RDONLY|O_DIRECTORY,00')
    assert said("dragonfly", "openat", 0xFFFAFDCD - (1 << 32), BASE, 0x8000000, 0, data=name) == (
        'AT_FDCWD,"a",O_RDONLY|O_DIRECTORY,00')
    assert said("dragonfly", "openat", -100, BASE, 0, 0, data=name) == '-100,"a",O_RDONLY,00'
    assert said("netbsd", "mmap", 0, 4096, 3, 0x3002, -1, 0, 0).startswith(
        "0x0,4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANON|MAP_STACK,")
    assert said("dragonfly", "mmap", 0, 4096, 3, 0x1402, -1, 0).startswith(
        "0x0,4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_STACK|MAP_ANON,")
    for system in TARGETS:
        assert said(system, "fcntl", 3, 8, BASE) == f"3,F_SETLK,{BASE:#x}"
    assert said("netbsd", "fcntl", 3, 12, 5) == "3,F_DUPFD_CLOEXEC,5"
    assert said("dragonfly", "fcntl", 3, 17, 5) == "3,F_DUPFD_CLOEXEC,5"
    assert said("dragonfly", "rfork", 0x34) == "RFFDG|RFPROC|RFMEM"


def test_signals_and_waits_are_each_system_s_own() -> None:
    assert said("netbsd", "kill", 7, 32) == "7,SIGPWR"
    assert said("dragonfly", "kill", 7, 32) == "7,SIGTHR"
    continued = struct.pack("<I", 0xFFFF)
    assert said("netbsd", "__wait450", 7, BASE, 0x12, 0, data=continued, result=7) == (
        "7,{ CONTINUED },WUNTRACED|WCONTINUED,0x0")
    assert said("dragonfly", "wait4", 7, BASE, 4, 0, data=b"\x13\0\0\0", result=7) == (
        "7,{ CONTINUED },WCONTINUED,0x0")
    assert said("netbsd", "__sigprocmask14", 3, BASE, 0, data=b"\0\0\0\x80".ljust(16, b"\0")) == (
        "SIG_SETMASK,{ SIGPWR },0x0")


def test_structs_that_the_layouts_have_not() -> None:
    pause = struct.pack("<qq", 1, 500)
    assert said("dragonfly", "nanosleep", BASE, 0, data=pause) == "{ 1.000000500 },0x0"
    assert said("netbsd", "__nanosleep50", BASE, 0, data=pause) == "{ 1.000000500 },0x0"
    data = struct.pack("<QQ", BASE + 16, 3) + b"abc"
    for system in TARGETS:
        assert said(system, "writev", 1, BASE, 1, data=data) == '1,[ { "abc",3 } ],1'
    # Where such a struct is not the same it is an address.
    assert shown("writev", 1, BASE, 1, data=data, target=abi.target("netbsd", "sparc")) == (
        f"1,{BASE:#x},1")


def test_dragonfly_s_own_prototypes() -> None:
    """An argument called pad stands before a number of 64 bits, and means nothing."""
    assert said("dragonfly", "lseek", 3, 0, -2, 1) == "3,-2,SEEK_CUR"
    assert said("dragonfly", "ftruncate", 3, 99, 1 << 40) == "3,1099511627776"
    assert said("dragonfly", "mmap", 0, 4096, 3, 0x1002, -1, 99, 4096).endswith(",-1,0x1000")
    assert said("dragonfly", "umtx_sleep", BASE, 5, 0) == f"{BASE:#x},5,0"
    assert said("dragonfly", "lwp_kill", 7, -1, 9) == "7,-1,9"
