"""A seeded walk through the requests of an emulated kernel, legal and not.

After each step it looks at what must always hold.  The walk is the same for
the same seed, so that a failure can be looked at again:

    python tests/fuzz/walker.py SEED [STEPS]
"""

from __future__ import annotations

import random
import struct
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bsdproc import emulator
from bsdproc.kernel import Kernel, KernelError
from bsdproc.kernel.port import Address

PROGRAMS = Path(__file__).resolve().parent.parent / "conformance" / "tracees" / "bin"
WORDS: dict[str, list[list[str]]] = {
    "spin": [[]], "steps": [[]], "sys": [[]], "exiter": [["3"]], "forker": [[]], "vforker": [[]],
    "execer": [["/bin/exiter", "5"], ["/bin/threads", "two"], ["/none"]],
    "threads": [["one"], ["two"], ["named"]],
    "signals": [["handle"], ["mask"], ["wait"], ["stop"], ["ignore"], ["trap"]],
    "crash": [["null"], ["ill"], ["trap"], ["div"], ["abort"], ["wrro"], ["nx"]],
    "tree": [["flat", "3"], ["deep"], ["orphan"], ["reaper"], ["group"], ["zombie"]],
    "mapper": [[]], "sleeper": [["5"], []],
}

WNOHANG, WUNTRACED, WCONTINUED = 1, 2, 4
PT_TRACE_ME, PT_LWPINFO, PT_KILL, PT_CONTINUE, PT_SC_REMOTE = 0, 13, 8, 7, 44
PT_COREDUMP = 29
REQUESTS = [*range(1, 30), *range(33, 39), *range(40, 45), *range(64, 78), -1, 63, 1000]
RESUMES = (7, 9, 20, 21, 22)
PL_FLAG_SCE, PL_FLAG_SCX, PL_FLAG_SI = 4, 8, 0x20
CALLS = [20, 6, 39, 340, 9999, 73, 477, 37,
         4, 41, 90, 542, 97, 98, 104, 106, 118, 133, 134, 135, 362, 571, 573,
         2, 53, 74, 92, 416, 432, 464, 480, 499, 544, 570]
"""Of remote system calls: names of the process, its memory, signals, files, sockets, queues,
forks and threads, and what is none.  None that may wait: another process may spin for ever."""
P_PID, P_PGID = 0, 2
PROC_REAP_ACQUIRE, PROC_REAP_STATUS, PROC_REAP_GETPIDS, PROC_REAP_KILL = 2, 4, 5, 6
REAPER_PIDINFO_REAPER = 4
CTL_KERN, KERN_PROC, KERN_PROC_PROC = 1, 14, 8
KERN_PROC_RLIMIT = 37
KINFO_PROC = 1088
NODES = ["status", "map", "cmdline", "regs", "fpregs", "dbregs", "mem", "rlimit", "etype",
         "osrel", "note", "notepg", "file", "none"]


class Broken(AssertionError):
    """Something that must hold does not."""


class Walker:
    """The steps of one process, which is a reaper."""

    def __init__(self, kernel: Kernel, seed: int) -> None:
        self.random = random.Random(seed)
        self.kernel = kernel
        self.trail: list[str] = []
        self.seen: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.parent = kernel.caller().ppid
        self.me = kernel.getpid()
        kernel.procctl(P_PID, 0, PROC_REAP_ACQUIRE, 0)
        self.stopped: dict[int, int] = {}
        """Our tracees that wait() has reported as stopped, with the signal."""

    # -- what there is ----------------------------------------------------------
    def processes(self) -> dict[int, tuple[int, int]]:
        """pid → (parent, state letter's number) of all, by kern.proc."""
        table = self.kernel.sysctl((CTL_KERN, KERN_PROC, KERN_PROC_PROC))
        return {
            struct.unpack_from("<i", table, at + 72)[0]: (
                struct.unpack_from("<i", table, at + 76)[0], table[at + 388])
            for at in range(0, len(table), KINFO_PROC)
        }

    def descendants(self) -> tuple[set[int], bool]:
        """What PROC_REAP_GETPIDS tells, of reapers below ours too; and whether
        that is all: a dead reaper keeps its own until it is collected, and
        cannot be asked."""
        found: set[int] = set()
        reapers, complete = [0], True
        while reapers:
            try:
                entries = self.reaped_by(reapers.pop())
            except ProcessLookupError:
                complete = False
                continue
            for pid, _, flags in entries:
                found.add(pid)
                if flags & REAPER_PIDINFO_REAPER:
                    reapers.append(pid)
        return found, complete

    def reaped_by(self, reaper: int) -> list[tuple[int, int, int]]:
        """(pid, subtree, flags) of all below one reaper; 0 is ours."""
        room = 512
        entries = self.kernel.buffer(72 * room)
        request = bytearray(72)
        struct.pack_into("<I", request, 0, room)
        struct.pack_into("<Q", request, 64, entries.address)
        self.kernel.procctl(P_PID, reaper, PROC_REAP_GETPIDS, self.kernel.buffer(request))
        data = entries.read()
        found = [struct.unpack_from("<iiI", data, 72 * i) for i in range(room)]
        return [(pid, subtree, flags) for pid, subtree, flags in found if flags & 1]

    def check(self) -> None:
        """What must always hold."""
        others = {pid for pid in self.processes() if pid not in (0, 1, self.me, self.parent)}
        below, complete = self.descendants()
        if not (below == others if complete else below < others):
            raise Broken(f"in kern.proc {sorted(others)}, below the reaper {sorted(below)}")
        for pid, signal in list(self.stopped.items()):
            if pid not in others:
                raise Broken(f"{pid} was stopped, and is gone without having been collected")
            info = self.lwpinfo(pid)
            if info is None:
                continue
            flags, signo = info
            if flags & PL_FLAG_SCE and flags & PL_FLAG_SCX:
                raise Broken(f"{pid} is at the entry and the exit of a system call")
            if flags & PL_FLAG_SI and signo != signal:
                raise Broken(f"{pid} stopped with {signal} by wait(), {signo} by PT_LWPINFO")

    def lwpinfo(self, pid: int) -> tuple[int, int] | None:
        buffer = self.kernel.buffer(160)
        try:
            self.kernel.ptrace(PT_LWPINFO, pid, buffer, 160)
        except KernelError:
            return None
        data = buffer.read()
        return struct.unpack_from("<i", data, 8)[0], struct.unpack_from("<i", data, 48)[0]

    # -- steps ---------------------------------------------------------------------
    def attempt(self, what: str, call: Callable[[], object]) -> object:
        """A refusal is an OSError, and nothing else may come out."""
        self.trail.append(what)
        self.seen[what.split("(")[0]] += 1
        try:
            return call()
        except KernelError as e:
            self.errors[e.name] += 1
            return None

    def a_pid(self) -> int:
        """Mostly one that exists."""
        alive = list(self.processes())
        tids = [100000 + self.random.randrange(12)]
        return self.random.choice([*alive, *alive, *self.stopped, *self.stopped, *tids, 99998, -1])

    def an_address(self) -> Address:
        buffer = self.kernel.buffer(self.random.choice([4, 16, 64, 176, 512, 1024]))
        if self.random.random() < 0.5:
            buffer.write(self.random.randbytes(min(len(buffer), 48)))
        choices: list[Address] = [buffer, buffer, buffer, 0, 1, 1, 1, 0x201000, 0x203000,
                                  0xFFFFFFFF80000000, self.random.getrandbits(47)]
        return self.random.choice(choices)

    def spawn(self) -> None:
        if len(self.processes()) > 24:
            return
        name = self.random.choice(list(WORDS))
        words = self.random.choice(WORDS[name])
        traced = self.random.random() < 0.6
        uid = self.random.choice([None, None, None, 1001])
        self.attempt(f"spawn({name} {words} traced={traced} uid={uid})",
                     lambda: self.kernel.spawn(f"/bin/{name}", [name, *words], traced=traced,
                                               uid=uid))

    def wait(self) -> None:
        options = WNOHANG | self.random.choice([0, 0, WUNTRACED, WCONTINUED])
        target = self.random.choice([-1, -1, -1, self.a_pid()])
        news = self.attempt(f"wait4({target}, {options})",
                            lambda: self.kernel.wait4(target, options))
        if isinstance(news, tuple) and news[0]:
            pid, status = news[0], news[1]
            if status & 0x7F == 0x7F:
                self.stopped[pid] = status >> 8
                if self.lwpinfo(pid) is None:
                    del self.stopped[pid]       # a child's stop, not a tracee's
            elif status != 0x13:
                self.stopped.pop(pid, None)

    def ptrace(self) -> None:
        request = self.random.choice(REQUESTS)
        if self.stopped and self.random.random() < 0.3:
            request = self.random.choice(RESUMES)
        pid = self.a_pid()
        addr = 1 if request in RESUMES and self.random.random() < 0.95 else self.an_address()
        data = self.random.choice([0, 0, 0, 1, 4, 5, 9, 16, 17, 31, 128, 129, 160, -1, 1 << 20])
        if request in (PT_SC_REMOTE, PT_COREDUMP):
            return                  # they want well-formed arguments: remote() makes them
        self.attempt(f"ptrace({request}, {pid}, .., {data})",
                     lambda: self.kernel.ptrace(request, pid, addr, data))
        for other in list(self.stopped):
            if self.lwpinfo(other) is None:
                del self.stopped[other]

    def remote(self) -> None:
        if not self.stopped:
            return
        pid = self.random.choice(list(self.stopped))
        number = self.random.choice(CALLS)
        values = self.kernel.buffer(struct.pack("<8q", *(
            self.random.choice([0, 1, 2, 3, -1, 4096, 0x203000, 0x7FFFFFFFE000])
            for _ in range(8))))
        call = self.kernel.buffer(struct.pack("<qqiiIIQ", 0, 0, 0, 0, number, 6, values.address))
        self.attempt(f"sc_remote({pid}, {number})",
                     lambda: self.kernel.ptrace(PT_SC_REMOTE, pid, call, len(call)))
        self.stopped.pop(pid, None)

    def kill(self) -> None:
        pid, signal = self.a_pid(), self.random.choice([0, 1, 2, 9, 15, 17, 19, 20, 30, 31, 129])
        if pid in (self.me, self.parent, -1, 0, 1):
            return
        self.attempt(f"kill({pid}, {signal})", lambda: self.kernel.kill(pid, signal))

    def procctl(self) -> None:
        command = self.random.choice([*range(1, 24), 99, 0x10000000])
        if command in (3, PROC_REAP_KILL):
            return                  # give the reaper up, or kill all: not in a walk
        idtype = self.random.choice([P_PID, P_PID, P_PID, P_PGID, 7])
        buffer = self.kernel.buffer(80)
        buffer.write(struct.pack("<i", self.random.choice([0, 1, 2, 3, 4, 30, 129, -1])))
        if command == PROC_REAP_GETPIDS:
            buffer = self.kernel.buffer(80)
        pid = self.a_pid()
        self.attempt(f"procctl({idtype}, {pid}, {command})",
                     lambda: self.kernel.procctl(idtype, pid, command, buffer))

    def sysctl(self) -> None:
        """Mostly read; a few take a value, too."""
        kind, pid = self.random.randrange(0, 46), self.a_pid()
        new = None
        if self.random.random() < 0.15:
            new = self.random.randbytes(self.random.choice([0, 2, 4, 16, 40, 300]))
        if pid == self.parent:
            new = None
        mib: tuple[int, ...] = (CTL_KERN, KERN_PROC, kind, pid)
        if kind == KERN_PROC_RLIMIT:
            mib = (*mib, self.random.randrange(-1, 17))
            new = new if new is None else struct.pack("<qq", 1 << 20, 1 << 30)
        self.attempt(f"sysctl(kern.proc.{kind}.{pid})",
                     lambda: self.kernel.sysctl(mib, new=new))

    def files(self) -> None:
        """The nodes of a process in procfs, read and written."""
        pid, name = self.a_pid(), self.random.choice(NODES)
        write = self.random.random() < 0.25 and pid not in (self.me, self.parent)
        offset = self.random.choice([0, 0, 7, 0x203000, -1])

        def use() -> None:
            fd = self.kernel.open(f"/proc/{pid}/{name}", 2 if write else 0)
            try:
                if write:
                    self.kernel.pwrite(fd, self.random.randbytes(64), offset)
                else:
                    self.kernel.pread(fd, 4096, offset)
            finally:
                self.kernel.close(fd)

        self.attempt(f"procfs({pid}/{name})", use)

    def settle(self) -> None:
        self.attempt("settle()", lambda: self.kernel.settle(self.random.choice([0, 1e-5, 1e-3])))

    STEPS: tuple[tuple[Callable[[Walker], None], int], ...] = (
        (spawn, 6), (wait, 22), (ptrace, 40), (remote, 2), (kill, 8), (procctl, 8), (sysctl, 8),
        (files, 4), (settle, 6))

    def walk(self, steps: int) -> None:
        """So many steps."""
        actions, weights = zip(*self.STEPS, strict=True)
        for _ in range(steps):
            self.random.choices(actions, weights)[0](self)
            self.check()


def processes(kernel: Kernel) -> set[int]:
    """All but the kernel's own, init and the caller."""
    table = kernel.sysctl((CTL_KERN, KERN_PROC, KERN_PROC_PROC))
    pids = {struct.unpack_from("<i", table, at + 72)[0]
            for at in range(0, len(table), KINFO_PROC)}
    return pids - {0, 1, kernel.getpid()}


def collect(kernel: Kernel) -> None:
    """Whatever state they were left in, the end of their tracer and SIGKILL
    end all of them, and the reaper can collect each."""
    for _ in range(100):
        for pid in processes(kernel):
            with suppress(KernelError):
                kernel.kill(pid, 9)
        kernel.settle(1e-3)
        with suppress(KernelError):
            while kernel.wait4(-1, WNOHANG)[0]:
                pass
        if not processes(kernel):
            return
    raise Broken(f"left behind: {sorted(processes(kernel))}")


def run(seed: int, steps: int) -> Walker:
    """One walk on a kernel of its own, from boot to the last process's end."""
    with emulator.FreeBSD() as kernel:
        for name in WORDS:
            kernel.install(f"/bin/{name}", PROGRAMS / name)
        kernel.procctl(P_PID, 0, PROC_REAP_ACQUIRE, 0)
        walkers: list[Walker] = []

        def work(mine: Kernel) -> None:
            walkers.append(Walker(mine, seed))
            try:
                walkers[0].walk(steps)
            except Exception as e:
                e.add_note("the last steps: " + "; ".join(walkers[0].trail[-8:]))
                raise

        kernel.run_child(work)
        collect(kernel)
    return walkers[0]


def main() -> int:
    walker = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
    print(f"seed {sys.argv[1]}: {sum(walker.seen.values())} requests {dict(walker.seen)}, "
          f"{sum(walker.errors.values())} refused {dict(walker.errors)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
