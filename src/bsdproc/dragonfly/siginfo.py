"""siginfo_t: what a signal says of itself (<sys/signal.h>)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bsdproc.dragonfly.constants.signals import (
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
from bsdproc.dragonfly.records import Record
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


@lru_cache(maxsize=1024)
def code_of(signo: int, code: int) -> SignalCode:
    """A siginfo's code by name: by the signal's own codes, then by the common ones."""
    return _CODES.find(signo, code)


class Siginfo(Record):
    """siginfo_t.  wait6(2) of DragonFly 5.9 fills the code alone, and not the signal."""

    struct = "siginfo_t"
    __slots__ = ()

    signo = Enumerated("si_signo", Signal)
    errno = Number("si_errno")
    """An errno of the system's, 0 mostly."""
    code_number = Number("si_code")
    """The code as a number (see `code`)."""
    pid = Number("si_pid")
    """The sender, or the child of SIGCHLD."""
    uid = Number("si_uid")
    """The sender's real user, or the child's."""
    status = Number("si_status")
    """SIGCHLD: exit status or signal."""
    addr = Number("si_addr")
    """Address of the fault."""
    value = Number("si_value.sival_ptr")
    """sigqueue(2)'s value, the pointer as a number (see `int_value`)."""
    band = Number("si_band")
    """SIGIO: the band event."""

    @property
    def code(self) -> SignalCode:
        """What sent it: a code of the signal's own, or one of SI_*."""
        return code_of(self.signo, self.code_number)

    @property
    def int_value(self) -> int:
        """sigqueue(2)'s value as an int: sival_int."""
        return self._member("si_value.sival_int")

    def __repr__(self) -> str:
        return (f"Siginfo(signo={self.signo!r}, code={self.code!r}, pid={self.pid}, "
                f"uid={self.uid}, status={self.status}, addr={self.addr:#x})")
