"""What a tracer puts in a system call's place: another call, none at all, another result.

Where a system lets its tracer change the registers at a call's stops, a call that is
not to be made is made a harmless one, whose result is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.debugger.control import Omitted
from bsdproc.kernel import errno
from bsdproc.kernel.errors import not_supported

if TYPE_CHECKING:
    from bsdproc.debugger.backend import Backend
    from bsdproc.debugger.events import ThreadEvent
    from bsdproc.debugger.thread import Thread
    from bsdproc.typed.registers import GeneralRegisters

FAILED: Final = {
    "amd64": ("rflags", 1), "x86_64": ("rflags", 1), "i386": ("eflags", 1),
    "arm64": ("spsr", 1 << 29), "aarch64": ("spsr", 1 << 29), "arm": ("cpsr", 1 << 29),
    "riscv64": ("t0", 1), "powerpc64": ("cr", 1 << 28), "powerpc64le": ("cr", 1 << 28),
}
"""The bit of a register that tells a program of a failure, by machine: cpu_set_syscall_retval."""
WORDS_ABOVE: Final = {"amd64": 1, "x86_64": 1, "i386": 1}
"""Words between sp and the arguments that are passed on the stack."""
ERRNO_MAX: Final = 4095


def need_standing(event: ThreadEvent) -> None:
    """`NotStopped` or `Vanished` unless the event's process still stands at it, as far as that
    can be told; `ValueError` when something else has happened since."""
    event.process.need_stopped()
    if event.process.control.reporter != event.thread.lwp:
        raise ValueError("the thread does not stand at this call any more")


def answer(thread: Thread, result: int, error: int | str) -> None:
    """Have the call that a thread is about to leave return this.

    `NotSupported` where the system sets the registers behind the stop."""
    backend = thread.process.backend
    error = _checked(backend, result, error)
    if backend.harmless_call is None:
        raise _missing(backend, "its kernel sets a call's result behind the stop at the exit")
    registers = thread.registers
    _put(backend, registers, result, error)
    thread.registers = registers


def replace(thread: Thread, number: int, arguments: Sequence[int]) -> None:
    """Have a thread make this call in place of the one that it stands before.

    `NotSupported` where the system has read number and arguments already."""
    process = thread.process
    backend = process.backend
    if backend.harmless_call is None:
        raise _missing(backend, "its kernel has read a call's number and arguments before the stop")
    word = backend.kernel.target.pointer
    mask = (1 << 8 * word) - 1
    for value in (number, *arguments):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"a system call's numbers are ints, not {type(value).__name__}")
        if not -(mask >> 1) - 1 <= value <= mask:
            raise ValueError(f"{value:#x} does not fit {8 * word} bits")
    registers = thread.registers
    room = len(registers.syscall_arguments)
    rest = [value & mask for value in arguments[room:]]
    if rest and backend.kernel.machine not in WORDS_ABOVE:
        raise not_supported(backend.kernel.system, call="ptrace", request="replace",
                            reason=f"more than {room} arguments on {backend.kernel.machine}")
    registers.syscall_number = number
    registers.syscall_arguments = [value & mask for value in arguments[:room]]
    if rest:
        at = registers.sp + WORDS_ABOVE[backend.kernel.machine] * word
        order = backend.kernel.target.byteorder
        process.memory.write(at, b"".join(value.to_bytes(word, order) for value in rest))
    thread.registers = registers
    process.control.omitted.pop(thread.lwp, None)


def omit(thread: Thread, result: int, error: int | str) -> None:
    """Have the call that a thread stands before not be made, and return this."""
    process = thread.process
    backend = process.backend
    error = _checked(backend, result, error)
    registers = thread.registers
    if backend.harmless_call is None:
        _put(backend, registers, result, error)
        backend.omit_call(process.pid)
        thread.registers = registers
        return
    before = process.control.omitted.get(thread.lwp)
    number = registers.syscall_number if before is None else before.number
    # Noted first: an exception in between must not leave the other call's result.
    process.control.omitted[thread.lwp] = Omitted(number, result, error)
    registers.syscall_number = backend.harmless_call
    thread.registers = registers


def has_been_omitted(thread: Thread) -> bool:
    """At a call's exit: whether it was none, and now has the result that was wanted."""
    control = thread.process.control
    omitted = control.omitted.get(thread.lwp)
    if omitted is None:
        return False
    answer(thread, omitted.result, omitted.error)
    del control.omitted[thread.lwp]
    return True


def give_back(thread: Thread) -> None:
    """Before a process is detached from: a call that was to be left out is made after all,
    since nobody is there to replace its result."""
    omitted = thread.process.control.omitted.pop(thread.lwp, None)
    if omitted is not None:
        registers = thread.registers
        registers.syscall_number = omitted.number
        thread.registers = registers


def _put(backend: Backend, registers: GeneralRegisters, result: int, error: int) -> None:
    name, bit = FAILED[backend.kernel.machine]
    mask = (1 << 8 * backend.kernel.target.pointer) - 1
    registers.return_value = error or result & mask
    registers[name] = registers[name] | bit if error else registers[name] & ~bit


def _checked(backend: Backend, result: int, error: int | str) -> int:
    """The error's number."""
    bits, system = 8 * backend.kernel.target.pointer, backend.kernel.system
    if isinstance(error, str):
        if error not in errno.table(system):
            raise ValueError(f"{system} has no errno {error!r}")
        error = errno.number(system, error)
    for value in (result, error):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError("a result is an int, an error an int or its name, "
                            f"not {type(value).__name__}")
    if not -1 << bits - 1 <= result < 1 << bits:
        raise ValueError(f"{result:#x} does not fit {bits} bits")
    if not 0 <= error <= ERRNO_MAX:
        raise ValueError(f"{error} is no errno")
    if backend.kernel.machine not in FAILED:
        raise _missing(backend, f"how {backend.kernel.machine} tells of a call's failure")
    return error


def _missing(backend: Backend, reason: str) -> Exception:
    return not_supported(backend.kernel.system, call="ptrace", request="system call",
                         reason=reason)
