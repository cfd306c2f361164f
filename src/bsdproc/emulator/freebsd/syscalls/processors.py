"""Which processors a thread may run on (sys/kern/kern_cpuset.c): the first, to which the
root set is kept.  Which memory it gets first: the only domain's.

Sets have numbers and nothing else to tell them apart.  Everybody is in set 1, in the
root set 0, until cpuset(2) makes another one; set 2 is the kernel's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.bsd.syscalls.args import int64, signed, space_of
from bsdproc.emulator.errno import ECAPMODE, EDEADLK, EINVAL, EPERM, ERANGE, ESRCH, Refused
from bsdproc.emulator.freebsd.cred import Priv, p_cansched, p_cansee, priv_check
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH = 1, 2, 3
WHICH_TID, WHICH_PID, WHICH_CPUSET, WHICH_JAIL, WHICH_TIDPID = 1, 2, 3, 5, 9
OWN = -1
SETSIZE, MAXSIZE = 256 // 8, 1024 // 8
"""Bytes of a mask: those that a program has to have room for, and the most it may say."""
ALL = 1
"""The mask of every set."""
ROOT_SET, DEFAULT_SET, FIRST_OWN_SET = 0, 1, 3
PID_MAX: Final = 99999
DOMAIN_SIZES: Final = range(8, 32 + 1)
"""Bytes of a set of domains: those that a program has to have room for, and the most."""
FIRST_TOUCH = 2
POLICIES: Final = range(1, 5)


class Sets:
    """Who is in which set, of all that are in another one than their parents' first."""

    def __init__(self) -> None:
        self._of: dict[Proc, int] = {}
        self._policies: dict[int | Thread, int] = {}
        """Of sets, and of threads that were given one of their own."""

    def of(self, p: Proc) -> int:
        return self._of.get(p, DEFAULT_SET)

    def there(self, system: System) -> set[int]:
        """The sets: one without anybody in it is gone."""
        self._of = {p: number for p, number in self._of.items() if p.pid in system.procs}
        return {ROOT_SET, DEFAULT_SET, *self._of.values()}

    def new(self, system: System) -> int:
        taken = self.there(system)
        return next(n for n in count(FIRST_OWN_SET) if n not in taken)

    def put(self, p: Proc, number: int) -> None:
        self._of[p] = number

    def forked(self, parent: Proc, child: Proc) -> None:
        if parent in self._of:
            self._of[child] = self._of[parent]

    def thread_made(self, by: Thread, new: Thread) -> None:
        """A new thread, of the same process or a child, has the policy of who makes it."""
        if by in self._policies:
            self._policies[new] = self._policies[by]

    def policy(self, number: int, threads: Sequence[Thread] = ()) -> int:
        """A set's, or that of threads in it: the last one's wins."""
        found = self._policies.get(number, FIRST_TOUCH)
        for td in threads:
            found = self._policies.get(td, self._policies.get(number, FIRST_TOUCH))
        return found

    def set_policy(self, whose: Sequence[int | Thread], policy: int) -> None:
        self._policies = {one: known for one, known in self._policies.items()
                          if isinstance(one, int) or not one.exited}
        self._policies.update(dict.fromkeys(whose, policy))


def _check_size(size: int) -> None:
    if not SETSIZE <= size <= MAXSIZE:
        raise Refused(ERANGE)


def _check_capabilities(td: Thread, level: int, which: int, id: int) -> None:
    """In capability mode a process may ask about its threads and itself."""
    if not td.proc.cred.capmode:
        return
    if level != LEVEL_WHICH or which not in (WHICH_TID, WHICH_PID):
        raise Refused(ECAPMODE)
    if id not in (OWN, td.tid if which == WHICH_TID else td.proc.pid):
        raise Refused(ECAPMODE)


def _find(system: System, td: Thread, which: int, id: int, *,
          change: bool) -> tuple[int, Sequence[Thread]]:
    """cpuset_which: the set of such a thread or process, and the threads, or that set and
    none, if the caller may ask."""
    if which == WHICH_TIDPID:
        which = WHICH_TID if id > PID_MAX or id == OWN else WHICH_PID
    if which in (WHICH_TID, WHICH_PID):
        threads: Sequence[Thread]
        if which == WHICH_TID:
            thread = system.threads.get(id) if id != OWN else td
            if thread is None:
                raise Refused(ESRCH)
            p, threads = thread.proc, (thread,)
        else:
            p = system.find_proc(id) if id != OWN else td.proc
            threads = p.threads
        (p_cansched if change else p_cansee)(system, td, p)
        return system.cpusets.of(p), threads
    if which == WHICH_CPUSET:
        if id == OWN:
            return system.cpusets.of(td.proc), ()
        if id not in system.cpusets.there(system):
            raise Refused(ESRCH)
        return id, ()
    # interrupts, memory domains and jails have no sets here
    raise Refused(ESRCH if which == WHICH_JAIL else EINVAL)


def sys_cpuset_getaffinity(system: System, td: Thread, args: Args) -> int:
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    _check_size(size)
    _check_capabilities(td, level, which, id)
    _find(system, td, which, id, change=False)
    if level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    space_of(td).copyout(args[4], ALL.to_bytes(size, "little"))
    return 0


def sys_cpuset_setaffinity(system: System, td: Thread, args: Args) -> int:
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    _check_size(size)
    _check_capabilities(td, level, which, id)
    mask = space_of(td).copyin(args[4], size)
    if any(mask[SETSIZE:]):
        raise Refused(EINVAL)
    if level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    _find(system, td, which, id, change=True)
    if not mask[0] & ALL:
        raise Refused(EDEADLK)
    if int.from_bytes(mask, "little") & ~ALL:
        raise Refused(EINVAL)
    return 0


def sys_cpuset_getid(system: System, td: Thread, args: Args) -> int:
    """The root set, or the only other one, which is everybody's; a thread or
    a process as such has none."""
    level, which, id = signed(args[0]), signed(args[1]), int64(args[2])
    if level == LEVEL_WHICH and which != WHICH_CPUSET:
        raise Refused(EINVAL)
    found, _ = _find(system, td, which, id, change=False)
    if level == LEVEL_ROOT:
        found = ROOT_SET
    space_of(td).copyout(args[3], found.to_bytes(4, "little"))
    return 0


def sys_cpuset(system: System, td: Thread, args: Args) -> int:
    """A set of its own for the caller."""
    number = system.cpusets.new(system)
    space_of(td).copyout(args[0], number.to_bytes(4, "little"))
    system.cpusets.put(td.proc, number)
    return 0


def sys_cpuset_setid(system: System, td: Thread, args: Args) -> int:
    which, id, number = signed(args[0]), int64(args[1]), signed(args[2])
    if which != WHICH_PID:
        raise Refused(EINVAL)
    if number not in system.cpusets.there(system):
        raise Refused(ESRCH)
    p = td.proc if id == OWN else system.find_proc(id)
    p_cansched(system, td, p)
    system.cpusets.put(p, number)
    return 0


# -- memory domains ----------------------------------------------------------------------
def sys_cpuset_getdomain(system: System, td: Thread, args: Args) -> int:
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    if size not in DOMAIN_SIZES:
        raise Refused(ERANGE)
    _check_capabilities(td, level, which, id)
    number, threads = _find(system, td, which, id, change=False)
    if level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    policy = system.cpusets.policy(ROOT_SET if level == LEVEL_ROOT else number,
                                   threads if level == LEVEL_WHICH else ())
    space_of(td).copyout(args[4], ALL.to_bytes(size, "little"))
    space_of(td).copyout(args[5], policy.to_bytes(4, "little"))
    return 0


def sys_cpuset_setdomain(system: System, td: Thread, args: Args) -> int:
    """The policy is kept with the threads or the set.  A set that others are in takes a
    privilege, and the root set is nobody's to change."""
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    policy = signed(args[5])
    if size not in DOMAIN_SIZES:
        raise Refused(ERANGE)
    if policy not in POLICIES:
        raise Refused(EINVAL)
    _check_capabilities(td, level, which, id)
    mask = int.from_bytes(space_of(td).copyin(args[4], size), "little")
    if not mask:
        raise Refused(EDEADLK)
    if mask & ~ALL or level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    number, threads = _find(system, td, which, id, change=True)
    if level == LEVEL_WHICH and threads:
        system.cpusets.set_policy(threads, policy)
        return 0
    priv_check(td, Priv.SCHED_CPUSET)
    if level == LEVEL_ROOT or number == ROOT_SET:
        raise Refused(EPERM)
    system.cpusets.set_policy((number,), policy)
    return 0


SYSCALLS: dict[int, Entry] = {
    484: ("cpuset", 1, sys_cpuset),
    485: ("cpuset_setid", 3, sys_cpuset_setid),
    486: ("cpuset_getid", 4, sys_cpuset_getid),
    487: ("cpuset_getaffinity", 5, sys_cpuset_getaffinity),
    488: ("cpuset_setaffinity", 5, sys_cpuset_setaffinity),
    561: ("cpuset_getdomain", 6, sys_cpuset_getdomain),
    562: ("cpuset_setdomain", 6, sys_cpuset_setdomain),
}
