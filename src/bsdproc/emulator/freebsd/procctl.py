"""procctl(2) as a call (sys/kern/kern_procctl.c), and what fork and execve keep of it.

The table in `procctl_commands` says of each command which processes it takes, what right
to them it needs and what passes to and from the caller.  The order of the checks is the
kernel's: the command, the data (EINVAL, EFAULT), the id type (EINVAL), the process (ESRCH,
EINVAL), the right to it (ESRCH, EPERM, EBUSY), and then whatever the command itself says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P2, P, ProcState
from bsdproc.emulator.bsd.syscalls.args import signed
from bsdproc.emulator.errno import EINVAL, ESRCH, Refused
from bsdproc.emulator.freebsd.cred import p_candebug, p_cansee
from bsdproc.emulator.freebsd.procctl_commands import COMMANDS, Call, Command

if TYPE_CHECKING:
    from bsdproc.abi import Target
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

P_PID = 0
P_PGID = 2
MACHINE_COMMANDS = 0x10000000
"""Commands from here on are the processor's own (cpu_procctl)."""


def sys_procctl(
    system: System,
    td: Thread,
    idtype: int,
    id: int,
    com: int,
    data_addr: int,
    mem: UserMemory,
    target: Target | None = None,
) -> int:
    """procctl(2) for `td`, whose memory is `mem`; `target` has the layouts
    of its machine when they are not the system's (a 32-bit caller)."""
    target = target or system.target
    if com >= MACHINE_COMMANDS:
        return int(system.machdep.cpu_procctl(system, td, idtype, id, com, data_addr, mem))
    command = COMMANDS.get(com)
    if command is None:
        raise Refused(EINVAL)
    gives = _size(target, command.gives)
    data = bytearray(max(gives, 4))
    if command.takes:
        data = bytearray(mem.copyin(data_addr, _size(target, command.takes)))
    elif command.no_data and data_addr:
        raise Refused(EINVAL)
    call = Call(system, td, data, mem, target)
    try:
        _kern_procctl(call, idtype, id, command)
    except Refused as refused:
        if command.gives_on_error:
            try:
                mem.copyout(data_addr, bytes(call.data[:gives]))
            except Refused:
                raise refused from None
        raise
    if gives:
        mem.copyout(data_addr, bytes(call.data[:gives]))
    return 0


def _size(target: Target, what: str) -> int:
    if what in ("", "int"):
        return 4 if what else 0
    return target.struct(what).size


def _may(call: Call, command: Command, p: Proc) -> None:
    (p_candebug if command.debug else p_cansee)(call.system, call.td, p)


def _kern_procctl(call: Call, idtype: int, id: int, command: Command) -> None:
    if idtype != P_PID and command.one_process:
        raise Refused(EINVAL)
    if idtype == P_PID:
        if id == 0:                 # of 64 bits; the lookups take a pid_t
            p = call.td.proc
        else:
            try:
                p = call.system.find_proc(signed(id))
            except Refused:
                raise Refused(EINVAL if command.esrch_is_einval else ESRCH) from None
            _may(call, command, p)
        command.work(call, p)
    elif idtype == P_PGID:
        _each_of_group(call, id, command)
    else:
        raise Refused(EINVAL)


def _each_of_group(call: Call, id: int, command: Command) -> None:
    """To every member that the caller has the right to; fails only if all
    did, and then as the first of them."""
    group = call.system.pgrps.get(signed(id))
    if group is None:
        raise Refused(ESRCH)
    done, first_error = False, ESRCH
    for p in list(group.members):
        if p.state is not ProcState.NORMAL:
            continue
        try:
            _may(call, command, p)
        except Refused:
            continue
        try:
            command.work(call, p)
            done = True
        except Refused as refused:
            if first_error == ESRCH:
                first_error = refused.errno
    if not done:
        raise Refused(first_error)


# -- what fork and exec keep -------------------------------------------------
FORK_KEEPS = (
    P2.ASLR_DISABLE
    | P2.ASLR_ENABLE
    | P2.ASLR_IGNSTART
    | P2.NOTRACE
    | P2.NOTRACE_EXEC
    | P2.PROTMAX_ENABLE
    | P2.PROTMAX_DISABLE
    | P2.TRAPCAP
    | P2.STKGAP_DISABLE
    | P2.STKGAP_DISABLE_EXEC
    | P2.NO_NEW_PRIVS
    | P2.WXORX_DISABLE
    | P2.WXORX_ENABLE_EXEC
)


def procctl_fork(parent: Proc, child: Proc) -> None:
    """What a child begins with: the parent's settings, but no parent-death
    signal, and protection only where it is to be inherited."""
    child.flag2 = parent.flag2 & FORK_KEEPS
    child.flag |= parent.flag & P.SUGID
    if parent.flag2 & P2.INHERIT_PROTECTED:
        child.flag |= P.PROTECTED
        child.flag2 |= P2.INHERIT_PROTECTED
    child.pdeathsig = 0
    child.map_flags = parent.map_flags
    child.md_flags = parent.md_flags
    child.fctl0 = parent.fctl0


def procctl_exec(p: Proc) -> None:
    """What ends with a successful execve."""
    if not p.flag2 & P2.NOTRACE_EXEC:
        p.flag2 &= ~P2.NOTRACE
    if not p.flag2 & P2.STKGAP_DISABLE_EXEC:
        p.flag2 &= ~P2.STKGAP_DISABLE
