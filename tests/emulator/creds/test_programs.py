"""Credentials and process settings seen from real programs: each makes the
system calls that a test has it make (PT_SC_REMOTE)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bsdproc.emulator import FreeBSD
from bsdproc.emulator.errno import NAMES
from bsdproc.kernel import Kernel

BIN = Path(__file__).resolve().parents[2] / "conformance" / "tracees" / "bin"
PT_CONTINUE, PT_KILL, PT_IO, PT_LWPINFO, PT_GETREGS, PT_SC_REMOTE = 7, 8, 12, 13, 33, 44
TRACE_STATUS, TRAPCAP_CTL, ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, STACKGAP_CTL = 8, 9, 13, 14, 15, 17
WXMAP_CTL, WXMAP_STATUS = 21, 22
ACTIVE = 1 << 31
MAP_ANON, MAP_STACK = 0x1002, 0x402
READ, WRITE, EXEC = 1, 2, 4
SIGTRAP, SIGKILL, SIGCONT = 5, 9, 19
TRAP_CAP, ECAPMODE = 4, 94


@pytest.fixture
def kernel() -> Iterator[FreeBSD]:
    with FreeBSD() as k:
        for name in ("spin", "forker", "sleeper"):
            k.install(f"/bin/{name}", BIN / name)
        yield k


class Program:
    """A stopped tracee that does what it is told."""

    def __init__(self, kernel: Kernel, name: str = "spin", *, uid: int | None = None) -> None:
        self.k = kernel
        path = f"/bin/{name}"
        self.pid = kernel.spawn(path, [path], traced=True, uid=uid)
        assert kernel.wait4(self.pid).status == SIGTRAP << 8 | 0x7F
        self._page = 0

    def call(self, number: int, *args: int) -> int | str:
        """A system call's result, or its error's name."""
        words = self.k.buffer(struct.pack(f"<{len(args)}Q", *(a & (1 << 64) - 1 for a in args)))
        record = self.k.buffer(
            struct.pack("<qqiiIIQ", 0, 0, 0, 0, number, len(args), words.address)
        )
        self.k.ptrace(PT_SC_REMOTE, self.pid, record, len(record))
        self.k.wait4(self.pid)
        value, _, error = struct.unpack_from("<qqi", record.read())
        return NAMES[error] if error else int(value)

    @property
    def page(self) -> int:
        """Memory of its own to put arguments in."""
        if not self._page:
            where = self.call(477, 0, 4096, READ | WRITE, MAP_ANON, -1, 0)
            assert isinstance(where, int)
            self._page = where
        return self._page

    def transfer(self, op: int, where: int, data: bytes) -> bytes:
        inner = self.k.buffer(data)
        record = self.k.buffer(struct.pack("<iiQQQ", op, 0, where, inner.address, len(data)))
        self.k.ptrace(PT_IO, self.pid, record, 0)
        return inner.read()

    def put(self, data: bytes, at: int = 0) -> int:
        """Its address in the program."""
        self.transfer(2, self.page + at, data)
        return self.page + at

    def get(self, size: int, at: int = 0) -> bytes:
        return self.transfer(1, self.page + at, bytes(size))

    def procctl(self, id: int, command: int, value: int) -> int | str:
        """procctl(2) by the program itself."""
        return self.call(544, 0, id, command, self.put(struct.pack("<i", value), 2048))

    def set(self, command: int, value: int) -> None:
        """procctl(2) on it by the driver."""
        self.k.procctl(0, self.pid, command, self.k.buffer(struct.pack("<i", value)))

    def status(self, command: int) -> int:
        buffer = self.k.buffer(4)
        self.k.procctl(0, self.pid, command, buffer)
        return int.from_bytes(buffer.read(), "little")

    def stack_pointer(self) -> int:
        registers = self.k.buffer(self.k.target.struct("struct reg").size)
        self.k.ptrace(PT_GETREGS, self.pid, registers, 0)
        where = self.k.target.struct("struct reg").get(registers.read(), "r_rsp")
        assert isinstance(where, int)
        return where

    def end(self) -> None:
        self.k.ptrace(PT_KILL, self.pid, 0, 0)
        self.k.wait4(self.pid)


class TestIds:
    def test_a_daemon_that_drops_its_rights(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        gids = p.put(struct.pack("<3I", 1001, 7, 5))
        assert [p.call(80, 3, gids), p.call(181, 1001), p.call(23, 1001)] == [0, 0, 0]
        assert [p.call(n) for n in (24, 25, 47, 43, 253)] == [1001] * 4 + [1]
        assert p.call(79, 0, 0) == 3
        p.call(79, 3, p.page + 64)
        assert struct.unpack("<3I", p.get(12, 64)) == (1001, 5, 7)
        assert p.call(79, 2, p.page) == "EINVAL"
        assert p.call(23, 0) == "EPERM"

    def test_saved_ids(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        assert p.call(311, 1, 2, 3) == 0
        assert p.call(360, p.page, p.page + 4, p.page + 8) == 0
        assert struct.unpack("<3I", p.get(12)) == (1, 2, 3)
        assert p.call(311, 3, -1, -1) == 0
        assert p.call(311, -1, 9, -1) == "EPERM"
        assert p.call(360, 0, 8, p.page) == "EFAULT"
        assert struct.unpack("<I", p.get(4)) == (3,), "the others are written all the same"

    def test_the_mark_keeps_a_debugger_of_the_same_user_out(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        p.call(23, 1001)
        kernel.ptrace(11, p.pid, 1, 0)

        def attach(k: Kernel) -> str:
            try:
                k.ptrace(10, p.pid, 0, 0)
            except PermissionError as e:
                return NAMES[e.errno or 0]
            return "ok"

        assert kernel.run_child(attach, uid=1001) == "EPERM"

    def test_login_names(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        assert p.call(50, p.put(b"operator\0")) == 0
        assert p.call(49, p.page + 64, 9) == 0
        assert p.get(9, 64) == b"operator\0"
        assert p.call(49, p.page + 64, 8) == "ERANGE"
        assert p.call(50, p.put(b"x" * 40)) == "EINVAL"
        user = Program(kernel, uid=1001)
        assert user.call(50, user.put(b"root\0")) == "EPERM"
        assert user.call(49, user.page, 33) == 0


class TestCapabilityMode:
    def test_what_it_takes_away(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        path = p.put(b"/bin/spin\0", 128)
        assert p.call(516) == 0
        assert p.call(517, p.page) == 0
        assert p.get(4) == b"\1\0\0\0"
        assert p.call(20) == p.pid
        assert p.call(37, p.pid, 0) == 0
        refused = {
            "open": (5, path, 0, 0),
            "execve": (59, path, p.page + 512, 0),
            "ptrace": (26, 10, 1, 0, 0),
            "procctl": (544, 0, 0, 2, 0),
            "wait4": (7, -1, 0, 1, 0),
            "kill of another": (37, kernel.getpid(), 0),
        }
        assert {name: p.call(*args) for name, args in refused.items()} == dict.fromkeys(
            refused, "ECAPMODE"
        )

    def test_names_lie_beneath_a_descriptor(self, kernel: FreeBSD) -> None:
        kernel.mkdir("/bin/below")
        p = Program(kernel)
        names = (b"/bin/spin", b"spin", b"below/../spin", b"../bin/spin", b"none")
        at = {name: p.put(name + b"\0", 64 * i) for i, name in enumerate(names)}
        folder = p.call(5, p.put(b"/bin\0", 1024), 0x20000, 0)
        assert isinstance(folder, int)
        p.call(516)
        assert p.call(499, -100, at[b"spin"], 0, 0) == "ECAPMODE"
        assert p.call(499, -100, at[b"/bin/spin"], 0, 0) == "ECAPMODE"
        found = {name: p.call(499, folder, where, 0, 0) for name, where in at.items()}
        assert {name: how for name, how in found.items() if isinstance(how, str)} == {
            b"/bin/spin": "ENOTCAPABLE", b"../bin/spin": "ENOTCAPABLE", b"none": "ENOENT"
        }

    def test_what_it_may_know_of_itself(self, kernel: FreeBSD) -> None:
        """Only sysctls that are marked for it (CTLFLAG_CAPRD)."""
        p = Program(kernel)
        p.call(516)
        length = p.put(struct.pack("<Q", 1200), 64)
        how = {}
        for mib in ((1, 1), (1, 9), (1, 14, 1, p.pid)):
            name = p.put(struct.pack(f"<{len(mib)}i", *mib))
            how[mib[1]] = p.call(202, name, len(mib), p.page + 128, length, 0, 0)
        assert how == {1: 0, 9: "EPERM", 14: "EPERM"}

    @pytest.mark.parametrize("how", ["procctl", "sysctl"])
    def test_a_trap_for_each_refusal(self, kernel: FreeBSD, how: str) -> None:
        p = Program(kernel, "forker")
        if how == "procctl":
            p.set(TRAPCAP_CTL, 1)
        else:
            kernel.sysctl("kern.trap_enotcap", new=b"\1")
        p.call(516)
        kernel.ptrace(PT_CONTINUE, p.pid, 1, 0)
        assert kernel.wait4(p.pid).status == SIGTRAP << 8 | 0x7F
        info = kernel.buffer(160)
        kernel.ptrace(PT_LWPINFO, p.pid, info, 160)
        layout = kernel.target.struct("struct ptrace_lwpinfo")
        signal, errno, code = layout.reader(
            "pl_siginfo.si_signo", "pl_siginfo.si_errno", "pl_siginfo.si_code"
        )(info.read(), 0)
        assert (signal, errno, code) == (SIGTRAP, ECAPMODE, TRAP_CAP)


class TestImages:
    """What the settings of a process do to its memory."""

    def spawn(self, kernel: FreeBSD, command: int, value: int) -> Program:
        """A program whose parent has asked for this."""
        launcher = Program(kernel)
        launcher.set(command, value)
        path = launcher.put(b"/bin/spin\0")
        argv = launcher.put(struct.pack("<QQ", path, 0), 64)
        kernel.ptrace(PT_CONTINUE, self._exec(launcher, path, argv), 1, 0)
        kernel.wait4(launcher.pid)
        launcher._page = 0
        return launcher

    def _exec(self, p: Program, path: int, argv: int) -> int:
        """Have it call execve when it goes on: a remote one cannot be."""
        layout = p.k.target.struct("struct reg")
        registers = p.k.buffer(layout.size)
        p.k.ptrace(PT_GETREGS, p.pid, registers, 0)
        code = p.put(b"\x0f\x05", 1024)
        p.call(74, p.page, 4096, READ | WRITE | EXEC)
        record = bytearray(registers.read())
        for name, value in (("r_rax", 59), ("r_rdi", path), ("r_rsi", argv), ("r_rdx", argv + 8),
                            ("r_rip", code)):
            layout.put(record, name, value)
        registers.write(record)
        p.k.ptrace(34, p.pid, registers, 0)
        return p.pid

    def test_addresses_random_or_not(self, kernel: FreeBSD) -> None:
        places: dict[int, set[int]] = {1: set(), 2: set()}
        maps: dict[int, set[int]] = {1: set(), 2: set()}
        for value in (1, 2):
            for _ in range(3):
                p = self.spawn(kernel, ASLR_CTL, value)
                assert bool(p.status(ASLR_STATUS) & ACTIVE) == (value == 1)
                places[value].add(p.stack_pointer())
                maps[value].add(p.page)
                p.end()
        assert (len(places[1]), len(maps[1])) == (3, 3)
        assert (len(places[2]), len(maps[2])) == (1, 1)

    def test_writable_and_executable(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        assert isinstance(p.call(477, 0, 4096, 7, MAP_ANON, -1, 0), int)
        p.end()
        p = self.spawn(kernel, WXMAP_CTL, 2)
        assert p.status(WXMAP_STATUS) == 2 | ACTIVE
        assert p.call(477, 0, 4096, 7, MAP_ANON, -1, 0) == "EACCES"
        assert p.call(74, p.page, 4096, 7) == "EACCES"
        assert p.call(74, p.page, 4096, READ | EXEC) == 0
        p.set(WXMAP_CTL, 1)
        assert p.call(74, p.page, 4096, 7) == 0

    def test_implied_maximum(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        free = p.call(477, 0, 4096, READ, MAP_ANON, -1, 0)
        assert isinstance(free, int)
        assert p.call(74, free, 4096, READ | WRITE) == 0
        p.set(PROTMAX_CTL, 1)
        bound = p.call(477, 0, 4096, READ, MAP_ANON, -1, 0)
        assert isinstance(bound, int)
        assert p.call(74, bound, 4096, READ | WRITE) == "EACCES"
        wide = p.call(477, 0, 4096, READ | (READ | WRITE) << 16, MAP_ANON, -1, 0)
        assert isinstance(wide, int)
        assert p.call(74, wide, 4096, READ | WRITE) == 0, "PROT_MAX says otherwise"
        assert p.call(477, 0, 4096, WRITE | READ << 16, MAP_ANON, -1, 0) == "EOPNOTSUPP"

    def test_an_image_that_fits_nowhere(self, kernel: FreeBSD) -> None:
        data = bytearray((BIN / "spin").read_bytes())
        headers = struct.unpack_from("<Q", data, 32)[0]
        count = struct.unpack_from("<H", data, 56)[0]
        loads = [h for h in range(headers, headers + 56 * count, 56)
                 if struct.unpack_from("<I", data, h)[0] == 1]
        address = struct.unpack_from("<Q", data, loads[-1] + 16)[0]
        struct.pack_into("<Q", data, loads[-1] + 16, address | 0x900000000000)
        kernel.install("/bin/far", bytes(data))
        pid = kernel.spawn("/bin/far", ["far"])
        assert kernel.wait4(pid)[:2] == (pid, 6), "SIGABRT: the old program is no more"
        assert "which is no user memory" in kernel.log[-1]
        with pytest.raises(ChildProcessError):
            kernel.wait4(-1)

    def test_the_gap_below_a_stack(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        assert p.call(477, 0, 4096, 3, MAP_STACK, -1, 0) == "EINVAL", "there is but room for it"
        p.set(STACKGAP_CTL, 2)
        assert isinstance(p.call(477, 0, 4096, 3, MAP_STACK, -1, 0), int)


class TestJail:
    def jail(self, p: Program, name: str, flags: int = 5) -> int | str:
        """jail_set: a new one that persists, and p in it."""
        texts = (b"name\0", name.encode() + b"\0", b"persist\0", b"")
        at, vector = 512, b""
        for text in texts:
            p.put(text or b"\0", at)
            vector += struct.pack("<QQ", p.page + at, len(text))
            at += 64
        return p.call(507, p.put(vector), len(texts), flags)

    def test_it_sees_none_outside(self, kernel: FreeBSD) -> None:
        inside, outside = Program(kernel), Program(kernel)
        assert inside.call(37, outside.pid, 0) == 0
        assert self.jail(inside, "j") == 1
        assert inside.call(37, outside.pid, 0) == "ESRCH"
        assert inside.procctl(outside.pid, TRACE_STATUS, 0) == "ESRCH"
        assert inside.call(26, 10, outside.pid, 0, 0) == "ESRCH"
        assert inside.call(207, outside.pid) == "ESRCH"
        assert outside.call(37, inside.pid, 0) == 0

    def test_a_child_left_outside_cannot_be_waited_for(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        child = p.call(2)
        assert isinstance(child, int)
        kernel.kill(child, SIGKILL)
        kernel.settle(0.01)
        assert p.call(7, child, 0, 1 | 8, 0) == child
        assert self.jail(p, "j") == 1
        assert p.call(7, child, 0, 1, 0) == "ECHILD"

    def test_removing_it(self, kernel: FreeBSD) -> None:
        inside, outside = Program(kernel), Program(kernel)
        self.jail(inside, "j")
        assert outside.call(508, 1) == 0
        kernel.ptrace(PT_CONTINUE, inside.pid, 1, 0)
        assert kernel.wait4(inside.pid).status == SIGKILL << 8 | 0x7F
        assert outside.call(508, 1) == 0, "it is there while somebody is in it"
        kernel.ptrace(PT_CONTINUE, inside.pid, 1, SIGKILL)
        kernel.wait4(inside.pid)
        assert outside.call(508, 1) == "EINVAL"

    def test_the_driver_sees_its_number(self, kernel: FreeBSD) -> None:
        inside = Program(kernel)
        self.jail(inside, "j")
        record = kernel.sysctl([1, 14, 1, inside.pid])
        assert kernel.target.struct("struct kinfo_proc").get(record, "ki_jid") == 1


class TestFamilies:
    def test_a_child_nobody_waits_for(self, kernel: FreeBSD) -> None:
        """rfork(RFPROC | RFFDG | RFNOWAIT): the reaper's child."""
        kernel.procctl(0, 0, 2, 0)
        p = Program(kernel)
        child = p.call(251, 0x54)
        assert isinstance(child, int)
        record = kernel.sysctl([1, 14, 1, child])
        layout = kernel.target.struct("struct kinfo_proc")
        assert layout.get(record, "ki_ppid") == kernel.getpid()
        kernel.kill(child, SIGKILL)
        assert kernel.wait4(child).status == SIGKILL


class TestPtraceDenied:
    def test_for_everybody_and_everything(self, kernel: FreeBSD) -> None:
        p = Program(kernel)
        kernel.sysctl("security.bsd.allow_ptrace", new=b"\0")
        for request in (PT_GETREGS, PT_CONTINUE, 10, 9999):
            with pytest.raises(OSError) as refused:
                kernel.ptrace(request, p.pid, 0, 0)
            assert NAMES[refused.value.errno or 0] == "ENOSYS"
        kernel.sysctl("security.bsd.allow_ptrace", new=b"\1")
        p.end()
