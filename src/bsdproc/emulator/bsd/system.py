"""The kernel's state, and what moves it: the process table, the scheduler
and the clock, as every BSD kernel has them.

Everything is deterministic.  A tracee runs, and time passes, only while a
caller lets it: in a wait, a settle, a spawn up to its exec.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from bsdproc import abi
from bsdproc.emulator import interrupts
from bsdproc.emulator.bsd import entry, files, itimers, limits, proctree
from bsdproc.emulator.bsd.callouts import Callouts
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.gate import Gate
from bsdproc.emulator.bsd.personality import Work
from bsdproc.emulator.bsd.signo import CANNOT_MASK, SI_KERNEL
from bsdproc.emulator.bsd.sleepers import Sleepers
from bsdproc.emulator.bsd.state import (
    FIRST_TID,
    PID_MAX,
    TDB,
    KSigInfo,
    P,
    Proc,
    ProcessGroup,
    ProcState,
    Run,
    Session,
    Sleep,
    Thread,
)
from bsdproc.emulator.errno import (
    EDEADLK,
    EJUSTRETURN,
    ESRCH,
    Refused,
)
from bsdproc.emulator.machine.engine import Engine
from bsdproc.emulator.machine.memory import Backing
from bsdproc.emulator.vfs import FileSystem

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.shm import ShmObject

T = TypeVar("T")

SYS_EXECVE = 59

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_READY = Run.READY
_STOPPED = P.STOPPED_SIG | P.STOPPED_TRACE

SLICE = 500_000
"""Instructions a thread runs before the next one's turn, and before Ctrl-C is seen."""
TURN = SLICE * entry.NS_PER_INSTRUCTION
"""The same in time, for one that does little but system calls."""


class ThreadExited(Exception):
    """Unwinds a thread's way through the kernel when the thread is no more."""


class Deadlock(Refused):
    """A wait that can never end: nothing runs and no timer is set."""

    def __init__(self, what: str) -> None:
        super().__init__(EDEADLK)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} would never end: nothing can run and no timer is set"


class System(Sleepers):
    """One emulated machine with its kernel.  Each system is a subclass, which
    supplies what `Personality` names."""

    def __init__(self, machine: str, *, stdout: BinaryIO | None = None,
                 stderr: BinaryIO | None = None) -> None:
        super().__init__()
        self.machine = machine
        self.target = abi.target(self.name, machine)
        self.stdout, self.stderr = stdout, stderr
        self.boot_ns = 1_700_000_000 * 10**9
        """What the clock of the day showed then, in nanoseconds."""
        self.procs: dict[int, Proc] = self.process_table()
        self.threads: dict[int, Thread] = {}
        self.pgrps: dict[int, ProcessGroup] = {}
        self.current: Thread | None = None
        self.log: list[str] = []
        self.settings: dict[str, int | str | bytes] = self.boot_settings()
        self.closed = False
        self.gate: Final = Gate()
        self.engine = Engine()
        self.last_pid: int = self.first_pid
        self._last_tid = FIRST_TID - 1
        self._free_tids: dict[bool, list[int]] = {False: [], True: []}
        self._run_queue: list[Thread] = []
        self._objects = count(1)
        self.callouts: Final = Callouts(self)
        self.shared_memory: dict[str, ShmObject] = {}
        """POSIX shared memory objects, by name."""
        self.vfs: FileSystem = files.boot_file_system(self)
        self.syscalls: Mapping[int, Entry] = self.syscall_table()
        self.kernel_proc: Proc
        self.init: Proc
        self.boot()

    @property
    def boot_time(self) -> int:
        """The same in seconds."""
        return self.boot_ns // 10**9

    def process_table(self) -> dict[int, Proc]:
        """Where all processes will be, by pid."""
        return {}

    # -- processes that run no program ------------------------------------------
    def system_process(self, pid: int, parent: Proc | None, name: str, flag: int) -> Proc:
        """A process that only has to be there: the kernel's own and init."""
        p = Proc(pid, parent, self.root_cred())
        p.sysent = self.sysent
        p.state = ProcState.NORMAL
        p.flag |= flag | P.INMEM
        p.comm = name
        p.driver = True
        p.files = files.FileTable()
        session = Session(pid, p)
        p.pgrp = ProcessGroup(pid, session, [p])
        self.pgrps[pid] = p.pgrp
        self.procs[pid] = p
        if parent is not None:
            parent.children.insert(0, p)
        self.add_thread(p, Thread(p, self.new_tid(p), None))
        return p

    def new_driver(self) -> Proc:
        """A process for the caller's Python: uid 0, a session of its own, a
        child of init."""
        p = Proc(self.new_pid(), self.init, self.root_cred())
        p.sysent = self.sysent
        p.state = ProcState.NORMAL
        p.flag |= P.INMEM | P.EXEC
        p.comm = "python"
        p.args, p.env = [files.PYTHON.encode()], [b"HOME=/root", b"PATH=/bin:/usr/bin"]
        p.text, p.text_path = self.vfs.lookup(files.PYTHON), files.PYTHON
        p.driver = True
        p.pgrp = ProcessGroup(p.pid, Session(p.pid, p), [p])
        p.files = files.standard_table(self.stdout, self.stderr)
        p.rlimits[limits.CORE] = (0, 0)
        # Python has set actions, if only the defaults: none of them restarts a call.
        p.sigacts.interrupts = set(range(1, self.sig_max)) - CANNOT_MASK
        p.started = self.clock
        self.pgrps[p.pid] = p.pgrp
        self.procs[p.pid] = p
        self.init.children.insert(0, p)
        self.forked(self.init, p)
        self.add_thread(p, Thread(p, self.new_tid(p), None))
        return p

    def kernel_thread(self) -> Thread:
        """One of the kernel's own, whose process does not show it."""
        return Thread(self.kernel_proc, self.new_tid(self.kernel_proc), None)

    def new_timers(self, p: Proc) -> itimers.Timers:
        """Those of a process that first asks for one."""
        return itimers.Timers(itimers.alarms(self, p))

    def become_program(self, td: Thread) -> None:
        """A process that ran the caller's Python runs a program from now on:
        it stands at the end of its execve."""
        td.proc.driver = False
        self._run_queue.append(td)
        td.sc_code, td.sc_narg, td.errno = SYS_EXECVE, 3, EJUSTRETURN
        td.kernel = self.exec_returns(td)
        before, self.current = self.current, td
        try:
            self._run_kernel(td)
        finally:
            self.current = before

    # -- records -------------------------------------------------------------
    def note(self, text: str) -> None:
        """Write down what a user should know of: an unimplemented call, say."""
        self.log.append(text)

    def new_pid(self) -> int:
        while True:
            self.last_pid = self.last_pid + 1 if self.last_pid < PID_MAX else 100
            pid = self.last_pid
            if pid not in self.procs and pid not in self.pgrps and not self.reserved(pid):
                return pid

    def new_tid(self, p: Proc) -> int:
        """An id for a process's next thread.  The kernel keeps ids with the
        records that it uses again, the last freed first, those of processes'
        first threads apart."""
        free = self._free_tids[not p.threads]
        if free:
            return free.pop()
        self._last_tid += 1
        return self._last_tid

    def free_tid(self, tid: int, *, process: bool = False) -> None:
        self._free_tids[process].append(tid)

    def add_thread(self, p: Proc, td: Thread) -> None:
        p.threads.append(td)
        self.threads[td.tid] = td
        td.started = self.clock
        if not p.driver:
            self._run_queue.append(td)

    def remove_thread(self, td: Thread) -> None:
        td.run = Run.DEAD
        td.exited = True
        self._forget_sleep(td)
        self.threads.pop(td.tid, None)
        if td in self._run_queue:
            self._run_queue.remove(td)
        if td in td.proc.threads and len(td.proc.threads) > 1:
            td.proc.threads.remove(td)

    def pfind_any(self, pid: int) -> Proc:
        """A process, zombies included."""
        p = self.procs.get(pid)
        if p is None:
            raise Refused(ESRCH)
        return p

    def find_proc(self, pid: int) -> Proc:
        """A living process."""
        p = self.procs.get(pid)
        if p is None or p.state is ProcState.ZOMBIE:
            raise Refused(ESRCH)
        return p

    def proc_reparent(self, child: Proc, parent: Proc, *, set_oppid: bool = False) -> None:
        proctree.reparent(self, child, parent, set_oppid=set_oppid)

    def proc_realparent(self, child: Proc) -> Proc:
        return proctree.realparent(self, child)

    # -- signals -------------------------------------------------------------
    def psignal(self, p: Proc, ksi: KSigInfo | int) -> None:
        """kern_psignal, pksignal."""
        self.send(p, None, ksi if isinstance(ksi, KSigInfo) else KSigInfo(ksi, SI_KERNEL))

    def tdsignal(self, td: Thread, ksi: KSigInfo | int) -> None:
        """tdsignal, tdksignal."""
        self.send(td.proc, td, ksi if isinstance(ksi, KSigInfo) else KSigInfo(ksi, SI_KERNEL))

    # -- turns and numbers -------------------------------------------------------
    def run_first(self, threads: list[Thread]) -> None:
        """Give threads the next turns, in this order."""
        self._run_queue = [*threads, *(t for t in self._run_queue if t not in threads)]

    def file_cut(self, backing: Backing, size: int) -> None:
        """A file that may be mapped ends there now."""
        for space in {p.space for p in self.procs.values() if p.space is not None}:
            space.file_cut(backing, size)
        self.engine.file_changed(backing)

    def object_number(self) -> int:
        """For a kernel's record whose address a program can be told: none has
        an address here."""
        return next(self._objects)

    # -- the scheduler -------------------------------------------------------
    @property
    def alone(self) -> bool:
        """There is one thread alone that ever runs."""
        return len(self._run_queue) < 2

    def runnable(self, td: Thread) -> bool:
        """Nothing keeps it from the processor: no sleep, stop or suspension."""
        if td.run is not _READY:
            return False
        if td.pending_request is not None:
            return True
        flag = td.proc.flag
        if flag & _STOPPED:
            return False
        return not (td.dbgflags & TDB.SUSPEND and not flag & P.SINGLE_EXIT)

    def run_once(self, limit: int | None = None) -> bool:
        """Run the next thread that can for a slice (up to the clock's
        `limit`).  False when none can."""
        queue = self._run_queue
        for td in queue:
            if td.run is _READY and self.runnable(td):
                if len(queue) > 1:
                    queue.remove(td)
                    queue.append(td)
                self._dispatch(td, limit)
                return True
        return False

    def _dispatch(self, td: Thread, limit: int | None) -> None:
        before = self.current
        self.current = td
        try:
            self._run_thread(td, limit)
        finally:
            self.current = before
        if self._timers:
            self._fire_timers()

    def _run_thread(self, td: Thread, limit: int | None) -> None:
        """Give a thread its turn."""
        p = td.proc
        ends = self.clock + TURN
        while td.run is _READY:
            if td.kernel is not None:
                if not self._run_kernel(td):
                    return
                continue
            if p.flag & _STOPPED:
                return
            if (td.sigqueue.entries or p.sigqueue.entries) and self.due(td):
                td.kernel = self.ast(td)
                if not self._run_kernel(td):
                    return
                continue
            verdict = self._way_back(td)
            if verdict is not None:
                if verdict:
                    continue
                return
            if entry.run_user(self, td, limit) or self.clock >= ends:
                return

    def _way_back(self, td: Thread) -> bool | None:
        """From the kernel to a thread's program, with no signal to be taken first: None when
        it is there.  True when there is something to do before, False when its turn is over."""
        if td.proc.flag & P.SINGLE_EXIT and td.proc.singlethread is not td:
            td.kernel = self.leave(td)
            return True
        if td.oldsigmask is not None:
            td.sigmask, td.oldsigmask = td.oldsigmask, None
            return True
        if td.dbgflags & TDB.SUSPEND and not self.runnable(td):
            return False
        frame = td.md
        if frame is None or frame.due:
            ksi = self.machdep.userret(td)
            if ksi is not None:
                return not self.trap(td, ksi)
        return None

    def _run_kernel(self, td: Thread) -> bool:
        """Go on with a thread's way through the kernel.  False when it
        sleeps, stops, or is no more."""
        kernel = td.kernel
        assert kernel is not None
        try:
            answer, td.woken = td.woken, None
            sleep = next(kernel) if answer is None else kernel.send(answer)
        except StopIteration:
            if td.kernel is kernel:
                td.kernel = None
            return True
        except ThreadExited:
            td.kernel = None
            return False
        if sleep is not None:
            if sleep.interruptible and self.due(td):
                td.kernel = self.sleep_with_signals(td, sleep, kernel)
                return True
            self.go_to_sleep(td, sleep)
        return False

    def sleep_with_signals(self, td: Thread, sleep: Sleep, kernel: Work) -> Work:
        """A sleep with signals pending: these first.  What wakes its channel from now on
        ends it, too.  Goes on with `kernel`."""
        td.missed = False
        self._looking.setdefault(sleep.channel, []).append(td)
        return self._look_and_sleep(td, sleep, kernel)

    def _look_and_sleep(self, td: Thread, sleep: Sleep, kernel: Work) -> Work:
        try:
            answer = yield from self.interrupted(td)
        finally:
            looking = self._looking[sleep.channel]
            looking.remove(td)
            if not looking:
                del self._looking[sleep.channel]
        if not answer and not td.missed:
            answer = yield sleep
        td.kernel, td.woken = kernel, answer or 0

    def slice_for(self, limit: int | None) -> int:
        """How many instructions may run before a timer or the limit is due."""
        bound = self._next_deadline() if self._timers else None
        if limit is not None and (bound is None or limit < bound):
            bound = limit
        if bound is None:
            return SLICE
        return max(1, min(SLICE, (bound - self.clock + entry.NS_PER_INSTRUCTION - 1)
                          // entry.NS_PER_INSTRUCTION))

    def idle(self, limit: int | None = None) -> bool:
        """Nothing can run: let time pass to the next timer (or the limit).
        False when there is neither."""
        deadline = self._next_deadline()
        if limit is not None and (deadline is None or limit <= deadline):
            if limit <= self.clock:
                return False
            self.clock = limit
        elif deadline is not None:
            self.clock = max(self.clock, deadline)
        else:
            return False
        self._fire_timers()
        return True

    def round(self) -> None:
        """Each thread that can runs one slice (what WNOHANG lets pass)."""
        for td in list(self._run_queue):
            if self.runnable(td):
                self._dispatch(td, None)

    def settle(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.clock + int(seconds * 1e9)
        while self.clock < end:
            if not self.run_once(end):
                self.idle(end)
            if interrupts.due:
                interrupts.let_in()
            self.gate.give_way()

    def drive(self, td: Thread, work: Generator[Sleep | None, int, T], what: str) -> T:
        """Run a kernel function of the driver's to its end, the others
        running while it sleeps."""
        before = self.current
        answer = 0
        try:
            sleep = next(work)
            while True:
                if interrupts.due:
                    interrupts.let_in()
                if sleep is not None:
                    self.go_to_sleep(td, sleep)
                    try:
                        while td.run is Run.SLEEPING:
                            if interrupts.due:
                                interrupts.let_in()
                            if not self.run_once() and not self.idle():
                                raise Deadlock(what)
                    finally:
                        self._forget_sleep(td)
                        td.run = Run.READY
                    answer, td.woken = td.woken or 0, None
                elif not self.run_once() and not self.idle():
                    raise Deadlock(what)
                self.current = before
                sleep = work.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            work.close()

    # -- the end -------------------------------------------------------------
    def close(self) -> None:
        """Give back what the processes hold.  Nothing runs afterwards."""
        if self.closed:
            return
        self.closed = True
        for td in list(self.threads.values()):
            if td.kernel is not None:
                td.kernel.close()
                td.kernel = None
        for p in self.procs.values():
            if p.space is not None and p.vfork_parent is None:
                p.space.close()
            p.space = None
        self.engine.close()
        self._run_queue.clear()
        self.procs.clear()
        self.threads.clear()


def names(target: abi.Target, prefix: str, without: tuple[str, ...]) -> dict[int, str]:
    """C names by value, the first declared winning."""
    names: dict[int, str] = {}
    for name, value in target.constants.items():
        if name.startswith(prefix) and name not in without:
            names.setdefault(value, name)
    return names
