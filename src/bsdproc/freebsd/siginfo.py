"""siginfo_t: what a signal says of itself (<sys/signal.h>)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bsdproc.freebsd.constants.signals import (
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
from bsdproc.freebsd.records import Record
from bsdproc.typed.codes import SignalCodes
from bsdproc.typed.records import Enumerated, Number

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
_COMMON: Final = SiCode.SI_USER.value
"""Codes from here on are the same for every signal."""


@lru_cache(maxsize=1024)
def code_of(signo: int, code: int) -> SignalCode:
    """A siginfo's code by name: by the signal's own codes, then by the common ones."""
    return _CODES.find(signo, code)


class Siginfo(Record):
    """siginfo_t.  The members that only some signals have are None for the others."""

    struct = "siginfo_t"
    __slots__ = ()

    signo = Enumerated("si_signo", Signal)
    errno = Number("si_errno")
    """An errno of the system's, 0 mostly."""
    code_number = Number("si_code")
    """The code as a number (see `code`)."""
    pid = Number("si_pid")
    """The sender, of SI_USER, SI_QUEUE and SI_LWP; the child of SIGCHLD."""
    uid = Number("si_uid")
    """The sender's real user, or the child's."""
    status = Number("si_status")
    """SIGCHLD: exit status or signal."""
    addr = Number("si_addr")
    """Address of the fault."""
    value = Number("si_value.sival_ptr")
    """sigqueue(2)'s value, the pointer as a number (see `int_value`)."""

    @property
    def code(self) -> SignalCode:
        """What sent it: a code of the signal's own, or one of SI_*."""
        return code_of(self.signo, self.code_number)

    @property
    def int_value(self) -> int:
        """sigqueue(2)'s value as an int: sival_int."""
        return self._member("si_value.sival_int")

    @property
    def trapno(self) -> int | None:
        """The machine's trap number, of a fault."""
        if self.signo in _FAULTS and self.code_number < _COMMON and self.syscall is None:
            return self._member("_reason._fault._trapno")
        return None

    @property
    def syscall(self) -> int | None:
        """TRAP_CAP: the system call that capability mode refused."""
        if self.signo == Signal.SIGTRAP and self.code_number == TrapCode.TRAP_CAP:
            return self._member("_reason._capsicum._syscall")
        return None

    @property
    def timerid(self) -> int | None:
        """SI_TIMER: the timer."""
        return self._member("_reason._timer._timerid") if self._is(SiCode.SI_TIMER) else None

    @property
    def overrun(self) -> int | None:
        """SI_TIMER: how often it ran over."""
        return self._member("_reason._timer._overrun") if self._is(SiCode.SI_TIMER) else None

    @property
    def mqd(self) -> int | None:
        """SI_MESGQ: the queue."""
        return self._member("_reason._mesgq._mqd") if self._is(SiCode.SI_MESGQ) else None

    @property
    def band(self) -> int | None:
        """SIGIO: the band event."""
        if self.signo == Signal.SIGIO and self.code_number < _COMMON:
            return self._member("_reason._poll._band")
        return None

    def _is(self, code: SiCode) -> bool:
        return self.code_number == code

    def __repr__(self) -> str:
        own = {"trapno": self.trapno, "syscall": self.syscall, "timerid": self.timerid,
               "overrun": self.overrun, "mqd": self.mqd, "band": self.band}
        more = "".join(f", {name}={value}" for name, value in own.items() if value is not None)
        return (f"Siginfo(signo={self.signo!r}, code={self.code!r}, pid={self.pid}, "
                f"uid={self.uid}, status={self.status}, addr={self.addr:#x}{more})")
