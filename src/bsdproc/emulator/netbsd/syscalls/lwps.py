"""LWPs: making them, ending them, parking them, futexes."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import KSigInfo, P, Run, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import (
    EAGAIN,
    EALREADY,
    EDEADLK,
    EINTR,
    EINVAL,
    ENAMETOOLONG,
    ENOSYS,
    ERESTART,
    ESRCH,
    ETIMEDOUT,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.netbsd import exit
from bsdproc.emulator.netbsd.amd64.regs import MAXUSER
from bsdproc.emulator.netbsd.amd64.signal import UCONTEXT_SIZE, load
from bsdproc.emulator.netbsd.entry import lwp_start
from bsdproc.emulator.netbsd.fork import inherit_class
from bsdproc.emulator.netbsd.signals import SUSPENDED, system_hold
from bsdproc.emulator.netbsd.signo import NSIG, SI_LWP
from bsdproc.emulator.netbsd.state import lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

Work = Generator[Sleep | None, int, int]
LWP_DETACHED, LWP_SUSPENDED = 0x40, 0x80
MAXCOMLEN = 32
FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET = 0, 1, 9, 10
FUTEX_PRIVATE, FUTEX_REALTIME = 0x80, 0x100
TIMER_ABSTIME = 1


def _target(system: System, td: Thread, lid: int) -> Thread:
    """lwp_find within the process: ESRCH."""
    found = system.threads.get(lid)
    if found is None or found.proc is not td.proc:
        raise Refused(ESRCH)
    return found


def sys_lwp_create(system: System, td: Thread, args: Args) -> int:
    """_lwp_create(context, flags, new lwp)."""
    space, p, flags = space_of(td), td.proc, args[1]
    if flags & ~(LWP_DETACHED | LWP_SUSPENDED):
        raise Refused(EINVAL)
    data = space.copyin(args[0], UCONTEXT_SIZE)
    assert td.context is not None
    new = Thread(p, system.new_tid(p), td.context.copy())
    system.machdep.copy_thread(td, new)
    new.sigmask, new.name = td.sigmask, p.comm
    load(new, data)
    own = lwp(new)
    own.detached = bool(flags & LWP_DETACHED)
    inherit_class(td, new)
    space.copyout(args[2], struct.pack("<i", new.tid))
    new.kernel = lwp_start(system, new)
    p.flag |= P.HADTHREADS
    system.add_thread(p, new)
    if flags & LWP_SUSPENDED:
        own.asleep = True
        system.go_to_sleep(new, Sleep(("suspended", new), SUSPENDED, interruptible=False))
    return 0


def sys_lwp_exit(system: System, td: Thread, args: Args) -> Work:
    yield from exit.lwp_exit(system, td)
    return 0


def sys_lwp_self(system: System, td: Thread, args: Args) -> int:
    return td.tid


def sys_lwp_wait(system: System, td: Thread, args: Args) -> Work:
    """_lwp_wait(which, departed): any with 0.  EDEADLK for oneself, EINVAL for
    a detached one, ESRCH when there is none."""
    wanted, t = signed(args[0]), tracing(td.proc)
    if wanted == td.tid:
        raise Refused(EDEADLK)
    while True:
        gone = wanted if wanted in t.departed else next(iter(t.departed), 0) if not wanted else 0
        if gone:
            del t.departed[gone]
            if args[1]:
                space_of(td).copyout(args[1], struct.pack("<i", gone))
            return 0
        others = [x for x in td.proc.threads if x is not td]
        if wanted:
            if lwp(_target(system, td, wanted)).detached:
                raise Refused(EINVAL)
        elif not any(not lwp(x).detached for x in others):
            raise Refused(ESRCH if not others else EDEADLK)
        error = yield Sleep(("lwpwait", td.proc), "lwpwait")
        if error:
            raise Refused(EINTR if error == ERESTART else error)


def sys_lwp_suspend(system: System, td: Thread, args: Args) -> Work:
    """EDEADLK for the last that runs."""
    target = _target(system, td, signed(args[0]))
    if not any(not lwp(x).suspended and not lwp(x).asleep
               for x in td.proc.threads if x is not target):
        raise Refused(EDEADLK)
    lwp(target).asleep = True
    if target is td:
        yield Sleep(("suspended", td), SUSPENDED, interruptible=False)
    else:
        system_hold(target)
    return 0


def sys_lwp_continue(system: System, td: Thread, args: Args) -> int:
    """PT_SUSPEND's hold stays."""
    target = _target(system, td, signed(args[0]))
    lwp(target).asleep = False
    system_hold(target)
    if target.sleep is not None and target.sleep.message == SUSPENDED:
        system.wake_thread(target)
    return 0


def sys_lwp_wakeup(system: System, td: Thread, args: Args) -> int:
    """Out of an interruptible sleep: EINTR for it."""
    target = _target(system, td, signed(args[0]))
    if target.run is Run.SLEEPING and target.sleep is not None and target.sleep.interruptible:
        system.wake_thread(target, EINTR)
    return 0


def sys_lwp_getprivate(system: System, td: Thread, args: Args) -> int:
    return lwp(td).private


def sys_lwp_setprivate(system: System, td: Thread, args: Args) -> None:
    if args[0] >= MAXUSER:
        raise Refused(EINVAL)
    lwp(td).private = args[0]
    assert td.context is not None
    td.context.set("fs_base", args[0])


def sys_lwp_kill(system: System, td: Thread, args: Args) -> int:
    sig = signed(args[1])
    if not 0 <= sig < NSIG:
        raise Refused(EINVAL)
    target = _target(system, td, signed(args[0]))
    if sig:
        system.tdsignal(target, KSigInfo(
            sig, SI_LWP, pid=td.proc.pid, uid=td.proc.cred.uid))
    return 0


def sys_lwp_detach(system: System, td: Thread, args: Args) -> int:
    """EINVAL for one that is detached already."""
    lid, t = signed(args[0]), tracing(td.proc)
    if t.departed.pop(lid, None) is not None:
        return 0
    own = lwp(_target(system, td, lid))
    if own.detached:
        raise Refused(EINVAL)
    own.detached = True
    return 0


def sys_lwp_setname(system: System, td: Thread, args: Args) -> int:
    name = space_of(td).copyinstr(args[1], 1024)
    if len(name) >= MAXCOMLEN:
        raise Refused(ENAMETOOLONG)
    lid = signed(args[0])
    target = _target(system, td, lid) if lid else td
    lwp(target).named = target.name = name.decode("utf-8", "replace")
    return 0


def sys_lwp_getname(system: System, td: Thread, args: Args) -> int:
    lid, room = signed(args[0]), args[2]
    name = lwp(_target(system, td, lid) if lid else td).named.encode() + b"\0"
    if room:
        space_of(td).copyout(args[1], name[: room - 1].rstrip(b"\0") + b"\0")
    return 0


def _wake(system: System, td: Thread, lid: int) -> int:
    """lwp_unpark: now, or when it comes to park."""
    target = system.threads.get(lid)
    if target is None or target.proc is not td.proc:
        raise Refused(ESRCH)
    if target.sleep is not None and target.sleep.channel == ("parked", target):
        system.wake_thread(target)
    else:
        lwp(target).unpark = True
    return 0


def _deadline(system: System, td: Thread, address: int, clock: int, absolute: bool) -> int | None:
    if not address:
        return None
    sec, nsec = struct.unpack("<qq", space_of(td).copyin(address, 16))
    if sec < 0 or not 0 <= nsec < 10**9:
        raise Refused(EINVAL)
    at = int(sec) * 10**9 + int(nsec)
    if not absolute:
        return system.clock + at
    return at - (system.boot_ns if clock == 0 else 0)


def sys_lwp_park(system: System, td: Thread, args: Args) -> Work:
    """___lwp_park60(clock, flags, timeout, unpark, hint, unparkhint)."""
    clock, flags = signed(args[0]), signed(args[1])
    deadline = _deadline(system, td, args[2], clock, bool(flags & TIMER_ABSTIME))
    if args[3] & 0xFFFFFFFF:
        _wake(system, td, signed(args[3]))
    own = lwp(td)
    if own.unpark:
        own.unpark = False
        raise Refused(EALREADY)
    error = yield Sleep(("parked", td), "parked", deadline)
    if error == EWOULDBLOCK:
        raise Refused(ETIMEDOUT)
    if error:
        raise Refused(EINTR if error == ERESTART else error)
    return 0


def sys_lwp_unpark(system: System, td: Thread, args: Args) -> int:
    return _wake(system, td, signed(args[0]))


def sys_lwp_unpark_all(system: System, td: Thread, args: Args) -> int:
    """_lwp_unpark_all(targets, count, hint); without targets how many may be."""
    if not args[0]:
        return 1024
    if args[1] > 1024:
        raise Refused(EINVAL)
    data = space_of(td).copyin(args[0], 4 * args[1])
    for (lid,) in struct.iter_unpack("<i", data):
        if lid in system.threads:
            _wake(system, td, lid)
    return 0


def sys_futex(system: System, td: Thread, args: Args) -> Work:
    """__futex(address, operation, value, timeout, ..): waiting and waking; other
    operations are refused by name."""
    address, given, value = args[0], signed(args[1]), args[2] & 0xFFFFFFFF
    op = given & ~(FUTEX_PRIVATE | FUTEX_REALTIME)
    channel = ("futex", td.proc.space, address)
    if address & 3:
        raise Refused(EINVAL)
    if op in (FUTEX_WAKE, FUTEX_WAKE_BITSET):
        woken = 0
        while woken < value and system.wakeup_one(channel):
            woken += 1
        return woken
    if op not in (FUTEX_WAIT, FUTEX_WAIT_BITSET):
        system.note(f"process {td.proc.pid} ({td.proc.comm}): __futex() operation {op}"
                    " is not implemented")
        raise Refused(ENOSYS)
    deadline = _deadline(system, td, args[3], 0 if given & FUTEX_REALTIME else 3,
                         op == FUTEX_WAIT_BITSET)
    if int.from_bytes(space_of(td).copyin(address, 4), "little") != value:
        raise Refused(EAGAIN)
    error = yield Sleep(channel, "futex", deadline)
    if error == EWOULDBLOCK:
        raise Refused(ETIMEDOUT)
    if error:
        raise Refused(EINTR if error == ERESTART else error)
    return 0


def sys_sched_yield(system: System, td: Thread, args: Args) -> int:
    return 0


SYSCALLS: dict[int, Entry] = {
    166: ("__futex", 7, sys_futex),
    309: ("_lwp_create", 3, sys_lwp_create),
    310: ("_lwp_exit", 0, sys_lwp_exit),
    311: ("_lwp_self", 0, sys_lwp_self),
    312: ("_lwp_wait", 2, sys_lwp_wait),
    313: ("_lwp_suspend", 1, sys_lwp_suspend),
    314: ("_lwp_continue", 1, sys_lwp_continue),
    315: ("_lwp_wakeup", 1, sys_lwp_wakeup),
    316: ("_lwp_getprivate", 0, sys_lwp_getprivate),
    317: ("_lwp_setprivate", 1, sys_lwp_setprivate),
    318: ("_lwp_kill", 2, sys_lwp_kill),
    319: ("_lwp_detach", 1, sys_lwp_detach),
    321: ("_lwp_unpark", 2, sys_lwp_unpark),
    322: ("_lwp_unpark_all", 3, sys_lwp_unpark_all),
    323: ("_lwp_setname", 2, sys_lwp_setname),
    324: ("_lwp_getname", 3, sys_lwp_getname),
    350: ("sched_yield", 0, sys_sched_yield),
    478: ("___lwp_park60", 6, sys_lwp_park),
}
