"""From a program into the kernel: user code, and the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.errno import EFAULT, EJUSTRETURN, ERESTART, Refused
from bsdproc.emulator.machine.cpu import Stop
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

Function = Callable[..., Any]
"""A call's work, of the system, the thread and the arguments: returns its
result (an int, two, or None for 0), or a generator that ends with it; refuses
with `Refused`.  Each system's take a system and threads of its own kind, which
is why their types are not said here."""

Entry = tuple[str, int, Function]
"""Name, number of arguments, work."""

NS_PER_INSTRUCTION = 10
"""The emulated processor's speed: 100 million instructions a second."""
NS_PER_SYSCALL = 2000
"""What a system call takes at that speed."""

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_SLICE, _SYSCALL = Stop.SLICE, Stop.SYSCALL


def run_user(system: System, td: Thread, limit: int | None) -> bool:
    """Run the thread's program for a slice, or a step.  True when its turn
    is over; False when the kernel has work for it (td.kernel)."""
    space = td.proc.space
    context = td.context
    assert space is not None
    assert context is not None
    cpu = space.cpu
    if td.dr[7] & 0xFF or cpu.points:
        system.machdep.load_debug(td)
    if td.step:
        stop = cpu.run(context, 1)
        system.clock += NS_PER_INSTRUCTION
        td.runtime += NS_PER_INSTRUCTION
        if stop == _SLICE:
            return system.trap(td, system.machdep.step_trap(td, cpu.began))
    else:
        stop = cpu.run(context, system.slice_for(limit))
        elapsed = cpu.executed * NS_PER_INSTRUCTION
        system.clock += elapsed
        td.runtime += elapsed
        if stop == _SLICE:
            return True
    if stop == _SYSCALL:
        ksi = system.machdep.syscall_instruction(td)
    elif system.machdep.is_syscall_gate(cpu, td):
        ksi = None
    else:
        ksi = system.machdep.trap(cpu, td)
    if ksi is not None:
        return system.trap(td, ksi)
    td.kernel = system.system_call(td)
    return False


def fetch(system: System, td: Thread) -> int:
    """Take the number and the arguments of the call that a thread makes: an error, or 0."""
    try:
        td.sc_code, td.sc_narg, td.sc_args = system.machdep.fetch_syscall_args(
            td, system.syscall_narg_of(td))
    except MemoryFault:
        return EFAULT
    except Refused as e:
        return e.errno
    return 0


def call(system: System, td: Thread, code: int,
         args: tuple[int, ...]) -> Generator[Sleep | None, int, int]:
    """One system call: its error, its results in td.retval."""
    known = system.syscalls_of(td).get(code)
    if known is None:
        name = system.syscall_names.get(code)
        error = system.refuse_call(td, name, args)
        if error:
            return error
        system.note(
            f"process {td.proc.pid} ({td.proc.comm}): "
            + (f"system call {code} ({name}) is not implemented" if name
               else f"no system call has number {code}"))
        return system.unknown_call(td, code)
    name, _, function = known
    error = system.refuse_call(td, name, args)
    if error:
        return error
    try:
        result = function(system, td, args)
        if isinstance(result, GeneratorType):
            result = yield from result
    except Refused as e:
        return e.errno
    except MemoryFault:
        return EFAULT
    if result is None:
        td.retval = (0, td.retval[1])
    elif isinstance(result, tuple):
        td.retval = (result[0], result[1])
    elif result in (EJUSTRETURN, ERESTART):
        return int(result)
    else:
        td.retval = (int(result), td.retval[1])
    return 0


