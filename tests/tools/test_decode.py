"""System calls as text: the tables, held against the headers, and each kind of argument."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bsdproc import abi
from bsdproc.freebsd import syscalls
from bsdproc.kernel.errors import from_name
from bsdproc.tools import decode
from bsdproc.tools.decode import calls
from bsdproc.tools.decode.names import NAMES, Bits, One
from bsdproc.tools.decode.table import KINDS

AMD64 = abi.target("freebsd", "amd64")


class Bytes:
    """A memory with a few mapped bytes."""

    def __init__(self, base: int, data: bytes) -> None:
        self.base, self.data = base, data

    def read(self, address: int, size: int) -> bytes:
        at = address - self.base
        if not 0 <= at < max(len(self.data), 1):
            raise from_name("freebsd", "EFAULT", call="ptrace")
        return self.data[at : at + size]


BASE = 0x1000


def shown(name: str, *words: int, data: bytes = b"", result: int | None = None, strsize: int = 32,
          target: abi.Target = AMD64) -> str:
    """A call's arguments; `data` lies at BASE, as it is after the call."""
    memory = Bytes(BASE, data)
    call = decode.enter(target, memory, name, tuple(w & (1 << 64) - 1 for w in words), strsize)
    return decode.arguments(call, name, result)


# -- the tables --------------------------------------------------------------------------
def test_the_table_names_calls_arguments_and_kinds_that_there_are() -> None:
    for name, arguments in calls.said().items():
        call = syscalls.by_name(name)
        assert call is not None, name
        assert set(arguments) <= {one.name for one in call.arguments}, name
    for call in syscalls.table().values():
        for one in calls.arguments(call.name):
            assert one.kind in KINDS, (call.name, one)
            if one.kind == "named":
                assert one.inside in NAMES, (call.name, one)
            if one.kind in ("data", "pollfd", "fds", "kevents", "mib") or (
                    one.kind in ("address", "message") and one.inside):
                names = {other.name for other in call.arguments}
                assert one.inside in {*names, "ret"}, (call.name, one)


HEADERS = [
    "sys/param.h", "sys/types.h", "sys/fcntl.h", "sys/mman.h", "sys/wait.h", "sys/time.h",
    "sys/resource.h", "sys/socket.h", "sys/event.h", "sys/poll.h", "sys/stat.h", "sys/sysctl.h",
    "unistd.h", "sys/thr.h", "sys/umtx.h", "sys/signal.h", "sys/procdesc.h", "netinet/in.h",
    "sys/random.h", "sys/mount.h", "sched.h", "sys/rtprio.h", "sys/ktrace.h", "sys/cpuset.h",
    "sys/jail.h", "kenv.h", "sys/extattr.h", "machine/sysarch.h", "sys/timerfd.h",
    "sys/specialfd.h", "sys/reboot.h", "sys/ioctl.h", "termios.h", "netinet/tcp.h",
]
OTHERWISE = {"SIGFASTBLOCK_SETPTR", "SIGFASTBLOCK_UNBLOCK", "SIGFASTBLOCK_UNSETPTR"}
"""What the headers have for the kernel alone; `bsdproc.abi` measured them there."""


def measured(names: Sequence[str], folder: Path, system: str = "freebsd",
             headers: Sequence[str] = HEADERS) -> list[int]:
    """The values that a system's headers give these names."""
    source, compiled = folder / "probe.c", folder / "probe.o"
    source.write_text(
        "".join(f"#include <{header}>\n" for header in headers)
        + '__attribute__((section("measured"))) const long long value[] = {\n'
        + "".join(f"(long long)({name}),\n" for name in names) + "};\n")
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", f"x86_64-{system}", "-c",
                    "-w", "-o", str(compiled), str(source)], check=True)
    data = compiled.read_bytes()
    at, size = section(data, b"measured")
    return [value for (value,) in struct.iter_unpack("<q", data[at : at + size])]


def section(elf: bytes, name: bytes) -> tuple[int, int]:
    """Where a section of a 64-bit little-endian ELF file is, and its size."""
    table, = struct.unpack_from("<Q", elf, 40)
    count, strings = struct.unpack_from("<HH", elf, 60)
    rows = [struct.unpack_from("<I20xQQ", elf, table + 64 * i) for i in range(count)]
    for label, at, size in rows:
        begin = rows[strings][1] + label
        if elf[begin : elf.index(b"\0", begin)] == name:
            return at, size
    raise KeyError(name)


@pytest.mark.toolchain
def test_every_number_is_the_headers(tmp_path: Path) -> None:
    table = [(name, value) for one in NAMES.values() for name, value in one.values.items()
             if name not in OTHERWISE]
    found = measured([name for name, _ in table], tmp_path)
    wrong = [(name, value, real) for (name, value), real in zip(table, found, strict=True)
             if value not in (real, real & 0xFFFFFFFF)]
    assert wrong == []
    assert len(table) > 450
    for name in OTHERWISE:
        assert AMD64.constants[name] == NAMES["sigfastblock"].values[name]


def test_names_of_numbers_and_of_bits() -> None:
    one, bits = One("A=1 B=2"), Bits("R=0 W=1 X=4 Y=8", low=3, zero="NONE")
    assert [one.show(n) for n in (1, 2, 3)] == ["A", "B", "3"]
    assert [bits.show(n) for n in (0, 1, 5, 0xD, 0x11, 2)] == [
        "R", "W", "W|X", "W|X|Y", "W|0x10", "0x2"]
    assert Bits("X=4", zero="NONE").show(0) == "NONE"
    assert Bits("W=1 TOP=0x80000000").show(-0x80000000) == "TOP"


# -- kinds of arguments -------------------------------------------------------------------
def test_paths_strings_and_modes() -> None:
    assert shown("open", BASE, 0x601, 0o644, data=b"/etc/motd\0") == (
        '"/etc/motd",O_WRONLY|O_CREAT|O_TRUNC,0644')
    assert shown("open", BASE, 0, 0o644, data=b'a"b\n\xff\0') == '"a\\"b\\n\\xff",O_RDONLY,00'
    assert shown("openat", -100, BASE, 0x100000, 0, data=b"x\0") == (
        'AT_FDCWD,"x",O_RDONLY|O_CLOEXEC,00')
    assert shown("unlink", 0) == "0x0"
    assert shown("unlink", 0x99000) == "0x99000"
    assert shown("unlink", BASE, data=b"no end") == '"no end"'
    assert shown("umask", 0o22) == "022"


def test_bytes_before_and_after_a_call() -> None:
    assert shown("write", 1, BASE, 5, data=b"hello") == '1,"hello",5'
    assert shown("write", 1, BASE, 5, data=b"hello", strsize=2) == '1,"he"...,5'
    assert shown("write", 1, BASE, 0) == '1,"",0'
    assert shown("write", 1, 0x99000, 5) == "1,0x99000,5"
    assert shown("read", 0, BASE, 100) == f"0,{BASE:#x},100"
    assert shown("read", 0, BASE, 100, data=b"abc", result=2) == '0,"ab",100'
    assert shown("readlink", BASE + 2, BASE, 9, data=b"ab/x\0", result=2) == '"/x","ab",9'


def test_vectors() -> None:
    strings = b"".join(p.to_bytes(8, "little") for p in (BASE + 24, BASE + 27, 0)) + b"ls\0-l\0"
    assert shown("execve", BASE + 24, BASE, 0, data=strings) == '"ls",[ "ls", "-l" ],0x0'
    buffers = struct.pack("<4Q", BASE + 32, 2, BASE + 34, 3) + b"abcde"
    assert shown("writev", 1, BASE, 2, data=buffers) == '1,[ { "ab",2 }, { "cde",3 } ],2'
    assert shown("readv", 1, BASE, 2, data=buffers, result=3) == (
        '1,[ { "ab",2 }, { "c",1 } ],2')


def test_signals_and_their_sets() -> None:
    usr = struct.pack("<4I", 1 << 29 | 1 << 30, 0, 0, 0)
    assert shown("kill", 5, 30) == "5,SIGUSR1"
    assert shown("kill", -1, 0) == "-1,0"
    assert shown("thr_kill", 100004, 65) == "100004,SIGRTMIN"
    assert shown("sigprocmask", 3, BASE, 0, data=usr) == "SIG_SETMASK,{ SIGUSR1|SIGUSR2 },0x0"
    action = struct.pack("<Qi", 0x201000, 0x42) + usr
    assert shown("sigaction", 30, BASE, 0, data=action.ljust(32, b"\0")) == (
        "SIGUSR1,{ 0x201000 SA_RESTART|SA_SIGINFO ss_t={ SIGUSR1|SIGUSR2 } },0x0")
    default = bytes(32)
    assert "SIG_DFL" in shown("sigaction", 2, BASE, 0, data=default)
    full = bytes([0xFF] * 16)
    assert shown("sigprocmask", 3, BASE, 0, data=full) == "SIG_SETMASK,~{ },0x0"
    assert shown("sigprocmask", 3, BASE, 0, data=b"\xfe" + full[1:]) == (
        "SIG_SETMASK,~{ SIGHUP },0x0")
    assert shown("sigwait", BASE, BASE + 16, data=usr + struct.pack("<i", 30), result=0) == (
        "{ SIGUSR1|SIGUSR2 },{ SIGUSR1 }")


def test_ends_of_processes() -> None:
    for status, text in ((3 << 8, "EXITED,val=3"), (9, "SIGNALED,sig=SIGKILL"),
                         (11 | 0x80, "SIGNALED,sig=SIGSEGV,cored"),
                         (17 << 8 | 0x7F, "STOPPED,sig=SIGSTOP"), (0x13, "CONTINUED")):
        data = struct.pack("<i", status)
        assert shown("wait4", -1, BASE, 1, 0, data=data, result=7) == (
            f"-1,{{ {text} }},WNOHANG,0x0")
    assert shown("wait4", -1, BASE, 1, 0, data=bytes(4), result=0) == f"-1,{BASE:#x},WNOHANG,0x0"
    assert shown("wait6", 7, 0, 0, 16, 0, 0, result=7) == "P_ALL,0,0x0,WEXITED,0x0,0x0"


def test_times_limits_and_files() -> None:
    two = struct.pack("<4q", 1, 500, 2, 0)
    assert shown("nanosleep", BASE, 0, data=two) == "{ 1.000000500 },0x0"
    assert shown("clock_gettime", 4, BASE, data=two, result=0) == (
        "CLOCK_MONOTONIC,{ 1.000000500 }")
    assert shown("utimensat", -100, BASE + 40, BASE, 0x200, data=two + bytes(8) + b"f\0") == (
        'AT_FDCWD,"f",{ { 1.000000500 },{ 2.000000000 } },AT_SYMLINK_NOFOLLOW')
    limit = struct.pack("<2q", 1024, (1 << 63) - 1)
    assert shown("setrlimit", 8, BASE, data=limit) == "RLIMIT_NOFILE,{ cur=1024,max=INFINITY }"
    stat = bytearray(224)
    struct.pack_into("<QQ", stat, 0, 1, 77)
    struct.pack_into("<H", stat, 24, 0o100644)
    struct.pack_into("<q", stat, 112, 4096)
    assert shown("fstat", 3, BASE, data=bytes(stat), result=0) == (
        "3,{ mode=-rw-r--r--,inode=77,size=4096 }")
    statfs = bytearray(2344)
    for at, text in ((280, b"ufs"), (296, b"/dev/ada0p2"), (1320, b"/")):
        statfs[at : at + len(text)] = text
    assert shown("fstatfs", 3, BASE, data=bytes(statfs), result=0) == (
        '3,{ fstypename=ufs,mntonname="/",mntfromname="/dev/ada0p2" }')
    assert shown("fstat", 3, BASE, data=bytes(stat)) == f"3,{BASE:#x}"


def test_descriptors_and_events() -> None:
    assert shown("pipe2", BASE, 0x100000, data=struct.pack("<2i", 3, 4), result=0) == (
        "[3,4],O_CLOEXEC")
    assert shown("poll", BASE, 1, -1, data=struct.pack("<ihh", 4, 1, 0x10), result=1) == (
        "{ 4/POLLIN=POLLHUP },1,-1")
    assert shown("select", 10, BASE, 0, 0, 0, data=struct.pack("<Q", 0b1000000101)) == (
        "10,{ 0 2 9 },0x0,0x0,0x0")
    event = struct.pack("<QhHIqQ4Q", 5, -1, 0x21, 0, 12, 0x7F, 0, 0, 0, 0)
    assert shown("kevent", 3, BASE, 1, 0, 0, 0, data=event) == (
        "3,{ 5,EVFILT_READ,EV_ADD|EV_CLEAR,0x0,0xc,0x7f },1,0x0,0,0x0")
    assert shown("fcntl", 3, 2, 1) == "3,F_SETFD,FD_CLOEXEC"
    assert shown("fcntl", 3, 4, 4) == "3,F_SETFL,O_RDONLY|O_NONBLOCK"
    assert shown("ioctl", 0, 0x40087468, 0) == "0,TIOCGWINSZ,0x0"
    assert shown("ioctl", 0, 0x40087401, 0) == "0,_IOR('t',1,8),0x0"
    assert shown("lseek", 3, -1, 1) == "3,-1,SEEK_CUR"


def test_mappings() -> None:
    assert shown("mmap", 0, 4096, 3, 0x1002, -1, 0) == (
        "0x0,4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANON,-1,0x0")
    assert "MAP_PRIVATE|MAP_ANON|MAP_ALIGNED(21),-1" in shown(
        "mmap", 0, 4096, 3, 21 << 24 | 0x1002, -1, 0)
    assert "MAP_ANON|MAP_ALIGNED_SUPER,-1" in shown("mmap", 0, 4096, 3, 0x1001000, -1, 0)


def test_sockets() -> None:
    assert shown("socket", 2, 0x10000001, 6) == "PF_INET,SOCK_STREAM|SOCK_CLOEXEC,IPPROTO_TCP"
    inet = bytes([16, 2]) + (80).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    assert shown("connect", 3, BASE, 16, data=inet) == "3,{ AF_INET 127.0.0.1:80 },16"
    local = bytes([9, 1]) + b"/tmp/s\0"
    assert shown("bind", 3, BASE, 9, data=local) == '3,{ AF_UNIX "/tmp/s" },9'
    six = bytes([28, 28]) + (443).to_bytes(2, "big") + bytes(4) + bytes(15) + b"\1" + bytes(4)
    assert shown("connect", 3, BASE, 28, data=six) == "3,{ AF_INET6 [::1]:443 },28"
    unsized = bytes([0, 1]) + b"/tmp/s"
    assert shown("connect", 3, BASE, 8, data=unsized) == '3,{ AF_UNIX "/tmp/s" },8'
    assert shown("accept4", 3, BASE, BASE + 16, 0x10000000, data=inet + bytes([16, 0, 0, 0]),
                 result=4) == "3,{ AF_INET 127.0.0.1:80 },{ 16 },SOCK_CLOEXEC"
    head = struct.pack("<QI4xQi4xQIi", BASE + 96, 16, BASE + 64, 2, 0, 0, 0)
    buffers = struct.pack("<4Q", BASE + 112, 2, BASE + 114, 3)
    letter = head.ljust(64, b"\0") + buffers + inet + b"abcde"
    assert shown("sendmsg", 3, BASE, 0x20000, data=letter) == (
        '3,{ { AF_INET 127.0.0.1:80 },16,[ { "ab",2 }, { "cde",3 } ],2,0x0,0,0x0 },MSG_NOSIGNAL')
    assert '[ { "ab",2 }, { "c",1 } ]' in shown("recvmsg", 3, BASE, 0, data=letter, result=3)
    assert shown("setsockopt", 3, 6, 1, 0, 4) == "3,IPPROTO_TCP,TCP_NODELAY,0x0,4"
    assert shown("setsockopt", 3, 0xFFFF, 4, 0, 4) == "3,SOL_SOCKET,SO_REUSEADDR,0x0,4"


def test_process_control() -> None:
    assert shown("ptrace", 10, 77, 0, 0) == "PT_ATTACH,77,0x0,0"
    assert shown("ptrace", 7, 77, 1, 30) == "PT_CONTINUE,77,0x1,SIGUSR1"
    assert shown("ptrace", 71, 77, BASE, 0) == f"PT_GETFSBASE,77,{BASE:#x},0"
    assert shown("procctl", 0, 77, 13, BASE, data=struct.pack("<i", 2)) == (
        "P_PID,77,PROC_ASLR_CTL,{ PROC_ASLR_FORCE_DISABLE }")
    assert shown("procctl", 0, 77, 14, BASE, data=struct.pack("<I", 0x80000003), result=0) == (
        "P_PID,77,PROC_ASLR_STATUS,{ PROC_ASLR_NOFORCE|ACTIVE }")
    assert shown("procctl", 0, 77, 14, BASE, data=bytes(4)) == (
        f"P_PID,77,PROC_ASLR_STATUS,{BASE:#x}")
    assert shown("procctl", 0, 0, 11, BASE, data=struct.pack("<i", 15)) == (
        "P_PID,0,PROC_PDEATHSIG_CTL,{ SIGTERM }")
    assert shown("procctl", 0, 0, 17, BASE, data=struct.pack("<i", 8)) == (
        "P_PID,0,PROC_STACKGAP_CTL,{ PROC_STACKGAP_DISABLE_EXEC }")
    status = AMD64.struct("struct procctl_reaper_status").pack(
        {"rs_flags": 1, "rs_children": 2, "rs_descendants": 3, "rs_reaper": 77})
    assert shown("procctl", 0, 77, 4, BASE, data=status, result=0) == (
        "P_PID,77,PROC_REAP_STATUS,{ flags=REAPER_STATUS_OWNED,children=2,descendants=3,"
        "reaper=77 }")
    mib = struct.pack("<4i", 1, 14, 1, 77)
    assert shown("__sysctl", BASE, 4, 0, 0, 0, 0, data=mib) == (
        '"CTL_KERN.KERN_PROC.KERN_PROC_PID.77",4,0x0,0x0,0x0,0')
    assert shown("__sysctlbyname", BASE, 9, 0, 0, 0, 0, data=b"kern.arnd") == (
        '"kern.arnd",9,0x0,0x0,0x0,0')


def test_a_call_that_nobody_knows() -> None:
    assert shown("#9999", 1, 0xFF) == "0x1,0xff"
    assert decode.outcome(AMD64, "#9999", 0, 78) == "ERR#78 ENOSYS 'function not implemented'"


def test_results() -> None:
    assert decode.outcome(AMD64, "read", 3, 0) == "= 3 (0x3)"
    assert decode.outcome(AMD64, "mmap", 0x800000000, 0) == "= 0x800000000"
    assert decode.outcome(AMD64, "getpriority", -1, 0) == "= -1 (0xffffffffffffffff)"
    assert decode.outcome(AMD64, "open", 0, 2).startswith("ERR#2 ENOENT '")
    assert decode.outcome(AMD64, "read", 0, -1) == "ERESTART"
    assert decode.outcome(AMD64, "sigreturn", 0, -2) == "EJUSTRETURN"


def test_another_machines_words_and_bytes() -> None:
    big, small = abi.target("freebsd", "powerpc64"), abi.target("freebsd", "i386")
    assert shown("nanosleep", BASE, 0, data=struct.pack(">2q", 1, 5), target=big) == (
        "{ 1.000000005 },0x0")
    assert shown("pipe2", BASE, 0, data=struct.pack(">2i", 3, 4), result=0, target=big) == (
        "[3,4],0x0")
    # i386 passes an off_t in two words.
    assert shown("lseek", 3, 0xFFFFFFFF, 0xFFFFFFFF, 0, target=small) == "3,-1,SEEK_SET"
    assert shown("nanosleep", BASE, 0, data=struct.pack("<2i", 1, 5), target=small) == (
        "{ 1.000000005 },0x0")
    assert shown("ptrace", 64, 5, 0, 0, target=small) == "PT_GETXMMREGS,5,0x0,0"
