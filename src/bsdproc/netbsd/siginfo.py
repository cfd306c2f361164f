"""siginfo_t: what a signal says of itself (<sys/siginfo.h>)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

from bsdproc import abi
from bsdproc.netbsd import _check
from bsdproc.netbsd.constants.ptrace import PtraceEvents
from bsdproc.netbsd.constants.signals import (
    BusCode,
    CldCode,
    FpeCode,
    IllCode,
    PollCode,
    SegvCode,
    SiCode,
    Signal,
    SignalCode,
    TrapCode,
)
from bsdproc.netbsd.records import Record
from bsdproc.typed.codes import SignalCodes
from bsdproc.typed.records import Enumerated, Number

if TYPE_CHECKING:
    from bsdproc.abi import Value

_CODES: Final = SignalCodes({
    Signal.SIGILL: IllCode,
    Signal.SIGTRAP: TrapCode,
    Signal.SIGFPE: FpeCode,
    Signal.SIGBUS: BusCode,
    Signal.SIGSEGV: SegvCode,
    Signal.SIGCHLD: CldCode,
    Signal.SIGIO: PollCode,
}, SiCode)
_FAULTS: Final = frozenset(
    {Signal.SIGILL, Signal.SIGTRAP, Signal.SIGFPE, Signal.SIGBUS, Signal.SIGSEGV}
)
_SYSCALL: Final = frozenset({TrapCode.TRAP_SCE, TrapCode.TRAP_SCX})
_EVENT: Final = frozenset({TrapCode.TRAP_CHLD, TrapCode.TRAP_LWP})
_MEMBERS: Final = {
    "pid": "_rt._pid",
    "uid": "_rt._uid",
    "value": "_rt._value.sival_ptr",
    "addr": "_fault._addr",
    "trap": "_fault._trap",
    "trap2": "_fault._trap2",
    "trap3": "_fault._trap3",
    "band": "_poll._band",
    "fd": "_poll._fd",
}
"""What `Siginfo.make` takes: members of the union, of which one kind is meant."""


@lru_cache(maxsize=1024)
def code_of(signo: int, code: int) -> SignalCode:
    """A siginfo's code by name: by the signal's own codes, then by the common ones."""
    return _CODES.find(signo, code)


class Siginfo(Record):
    """siginfo_t.  The members that only some signals have are None for the others:
    they share their place, and what stands there is something else."""

    struct = "siginfo_t"
    __slots__ = ()

    signo = Enumerated("_info._signo", Signal)
    errno = Number("_info._errno")
    """An errno of the system's, 0 mostly."""
    code_number = Number("_info._code")
    """The code as a number (see `code`)."""

    @classmethod
    def make(cls, machine: str, signo: int, code: int = SiCode.SI_NOINFO.value,
             **members: int) -> Self:
        """A siginfo for a machine, with members of one kind: pid, uid and value;
        addr, trap, trap2 and trap3; band and fd."""
        reason: dict[str, dict[str, int | dict[str, int]]] = {}
        for name, number in members.items():
            if name not in _MEMBERS:
                raise TypeError(f"a siginfo is not made with {name}")
            kind, _, place = _MEMBERS[name].partition(".")
            outer, _, inner = place.partition(".")
            reason.setdefault(kind, {})[outer] = {inner: number} if inner else number
        if len(reason) > 1:
            raise ValueError(f"{', '.join(members)} are members of different kinds")
        values: dict[str, Value] = {
            "_info": {
                "_signo": _check.signal(signo, zero=False),
                "_code": _check.signed(code, 32, "code"),
                "_reason": dict(reason),
            }
        }
        return cls.single(machine, abi.target(cls.system, machine).struct(cls.struct).pack(values))

    @property
    def code(self) -> SignalCode:
        """What sent it: a code of the signal's own, or one of SI_*."""
        return code_of(self.signo, self.code_number)

    # -- what sent it ---------------------------------------------------------
    @property
    def pid(self) -> int | None:
        """The sender, of what a process sent; the child of SIGCHLD."""
        return self._either("_pid")

    @property
    def uid(self) -> int | None:
        """The sender's real user, or the child's."""
        return self._either("_uid")

    @property
    def value(self) -> int | None:
        """sigqueue(2)'s value, the pointer as a number; a timer's or queue's."""
        return self._reason("_rt._value.sival_ptr") if self._sent else None

    @property
    def int_value(self) -> int | None:
        """The same as an int: sival_int."""
        return self._reason("_rt._value.sival_int") if self._sent else None

    @property
    def status(self) -> int | None:
        """SIGCHLD: exit status or signal."""
        return self._reason("_child._status") if self._child else None

    @property
    def utime(self) -> int | None:
        """SIGCHLD: user time of the child, in ticks."""
        return self._reason("_child._utime") if self._child else None

    @property
    def stime(self) -> int | None:
        """SIGCHLD: system time of the child, in ticks."""
        return self._reason("_child._stime") if self._child else None

    # -- faults ---------------------------------------------------------------
    @property
    def addr(self) -> int | None:
        """Address of the fault."""
        return self._reason("_fault._addr") if self._fault else None

    @property
    def trap(self) -> int | None:
        """The machine's trap number, of a fault."""
        return self._reason("_fault._trap") if self._fault else None

    @property
    def trap2(self) -> int | None:
        """More of the trap: the debug register's status with TRAP_DBREG."""
        return self._reason("_fault._trap2") if self._fault else None

    @property
    def trap3(self) -> int | None:
        """More of the trap: the debug register's number with TRAP_DBREG."""
        return self._reason("_fault._trap3") if self._fault else None

    # -- system calls and events of a tracee ----------------------------------
    @property
    def sysnum(self) -> int | None:
        """TRAP_SCE, TRAP_SCX: number of the system call."""
        return self._reason("_syscall._sysnum") if self._trapped(_SYSCALL) else None

    @property
    def args(self) -> tuple[int, ...] | None:
        """TRAP_SCE, TRAP_SCX: the system call's arguments, eight 64-bit numbers."""
        return self._array("_syscall._args") if self._trapped(_SYSCALL) else None

    @property
    def retval(self) -> tuple[int, ...] | None:
        """TRAP_SCX: the two return values, as ints."""
        return self._array("_syscall._retval") if self._returned else None

    @property
    def error(self) -> int | None:
        """TRAP_SCX: 0, or the errno that it failed with."""
        return self._reason("_syscall._error") if self._returned else None

    @property
    def report_event(self) -> PtraceEvents | None:
        """TRAP_CHLD, TRAP_LWP: what happened (pe_report_event)."""
        if not self._trapped(_EVENT):
            return None
        return PtraceEvents(self._reason("_ptrace_state._pe_report_event"))

    @property
    def other_pid(self) -> int | None:
        """TRAP_CHLD: the child, for its parent, and the parent for the child."""
        if self._trapped(_EVENT) and self.code_number == TrapCode.TRAP_CHLD:
            return self._reason("_ptrace_state._option._pe_other_pid")
        return None

    @property
    def lwp(self) -> int | None:
        """TRAP_LWP: the LWP that began or ends."""
        if self._trapped(_EVENT) and self.code_number == TrapCode.TRAP_LWP:
            return self._reason("_ptrace_state._option._pe_lwp")
        return None

    # -- SIGIO ------------------------------------------------------------------
    @property
    def band(self) -> int | None:
        """SIGIO: the band event."""
        return self._reason("_poll._band") if self._poll else None

    @property
    def fd(self) -> int | None:
        """SIGIO: the descriptor."""
        return self._reason("_poll._fd") if self._poll else None

    # -- which members are meant -------------------------------------------------
    @property
    def _sent(self) -> bool:
        return self.code_number <= 0

    @property
    def _child(self) -> bool:
        return self.signo == Signal.SIGCHLD and self._own

    @property
    def _poll(self) -> bool:
        return self.signo == Signal.SIGIO and self._own

    @property
    def _own(self) -> bool:
        """Whether the code is one of the signal's own."""
        return 0 < self.code_number < SiCode.SI_NOINFO

    @property
    def _fault(self) -> bool:
        if self.signo not in _FAULTS or not self._own:
            return False
        return not (self._trapped(_SYSCALL) or self._trapped(_EVENT))

    @property
    def _returned(self) -> bool:
        return self._trapped(_SYSCALL) and self.code_number == TrapCode.TRAP_SCX

    def _trapped(self, codes: frozenset[TrapCode]) -> bool:
        return self.signo == Signal.SIGTRAP and self.code_number in codes

    def _either(self, field: str) -> int | None:
        if self._child:
            return self._reason(f"_child.{field}")
        return self._reason(f"_rt.{field}") if self._sent else None

    def _reason(self, field: str) -> int:
        """A member of the union."""
        return self._member(f"_info._reason.{field}")

    def _array(self, field: str) -> tuple[int, ...]:
        layout = abi.target(self.system, self.machine).struct(self.struct)
        value = layout.get(self.raw, f"_info._reason.{field}")
        assert isinstance(value, tuple)
        return tuple(one for one in value if isinstance(one, int))

    def __repr__(self) -> str:
        own = ("pid", "uid", "value", "status", "addr", "trap", "sysnum", "args", "retval",
               "error", "report_event", "other_pid", "lwp", "band", "fd")
        more = "".join(f", {name}={value!r}" for name in own
                       if (value := getattr(self, name)) is not None)
        return f"Siginfo(signo={self.signo!r}, code={self.code!r}{more})"
