"""siginfo_t and sigset_t as values (<sys/signal.h>, <sys/_sigset.h>)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct as Packer
from typing import Final

from bsdproc import abi
from bsdproc.freebsd import _check
from bsdproc.freebsd.constants._enums import known
from bsdproc.freebsd.constants.signals import (
    SIG_MAXSIG,
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

SigSet = frozenset[Signal | int]
"""A set of signals; unnamed ones (the real-time signals) are plain numbers."""

_CODES: Final[dict[int, type[IntEnum]]] = {
    Signal.SIGILL: IllCode,
    Signal.SIGTRAP: TrapCode,
    Signal.SIGFPE: FpeCode,
    Signal.SIGBUS: BusCode,
    Signal.SIGSEGV: SegvCode,
    Signal.SIGCHLD: CldCode,
    Signal.SIGIO: PollCode,
}
_FAULTS: Final = frozenset(
    {Signal.SIGILL, Signal.SIGTRAP, Signal.SIGFPE, Signal.SIGBUS, Signal.SIGSEGV}
)


@dataclass(frozen=True, slots=True)
class Siginfo:
    """siginfo_t: what a signal says of itself.

    The members that only some signals have are None for the others."""

    signo: Signal | int
    errno: int
    """An errno of the system's, 0 mostly."""
    code: SignalCode
    """What sent it: a code of the signal's own or an SI_ one."""
    pid: int
    """Sender, of SI_USER, SI_QUEUE and SI_LWP; the child of SIGCHLD."""
    uid: int
    """The sender's real user, or the child's."""
    status: int
    """SIGCHLD: exit status or signal."""
    addr: int
    """Address of the fault."""
    value: int
    """sigqueue(2)'s value: the pointer as a number (see `int_value`)."""
    int_value: int
    """The same as an int: sival_int."""
    trapno: int | None = None
    """The machine's trap number, of a fault."""
    timerid: int | None = None
    """SI_TIMER: the timer."""
    overrun: int | None = None
    """SI_TIMER: how often it ran over."""
    mqd: int | None = None
    """SI_MESGQ: the queue."""
    band: int | None = None
    """SIGIO: the band event."""
    syscall: int | None = None
    """TRAP_CAP: the system call that capability mode refused."""


def code_of(signo: int, code: int) -> SignalCode:
    """A siginfo's code by name: by the signal's own codes, then by the common ones."""
    own = _CODES.get(signo)
    if own is not None:
        found = own._value2member_map_.get(code)
        if found is not None:
            return found  # type: ignore[return-value]  # a member of `own`
    return known(SiCode, code)


_FIELDS: Final = (
    "si_signo", "si_errno", "si_code", "si_pid", "si_uid", "si_status", "si_addr",
    "si_value.sival_ptr", "si_value.sival_int",
    "_reason._fault._trapno", "_reason._timer._timerid", "_reason._timer._overrun",
    "_reason._mesgq._mqd", "_reason._poll._band", "_reason._capsicum._syscall",
)  # fmt: skip


@lru_cache(maxsize=16)
def _reader(machine: str) -> Callable[[bytes, int], tuple[int, ...]]:
    return abi.target("freebsd", machine).struct("siginfo_t").reader(*_FIELDS)


def decode(machine: str, data: bytes, offset: int = 0) -> Siginfo:
    """The siginfo_t of a FreeBSD machine that stands at `offset`."""
    (signo, errno, code, pid, uid, status, addr, value, int_value,
     trapno, timerid, overrun, mqd, band, syscall) = _reader(machine)(data, offset)  # fmt: skip
    named = code_of(signo, code)
    fault = signo in _FAULTS and code < SiCode.SI_USER
    timer = code == SiCode.SI_TIMER
    return Siginfo(
        signo=known(Signal, signo), errno=errno, code=named, pid=pid, uid=uid, status=status,
        addr=addr, value=value, int_value=int_value,
        trapno=trapno if fault and named is not TrapCode.TRAP_CAP else None,
        timerid=timerid if timer else None,
        overrun=overrun if timer else None,
        mqd=mqd if code == SiCode.SI_MESGQ else None,
        band=band if signo == Signal.SIGIO and code < SiCode.SI_USER else None,
        syscall=syscall if named is TrapCode.TRAP_CAP else None,
    )


_WORDS: Final = {"little": Packer("<4I"), "big": Packer(">4I")}


@lru_cache(maxsize=256)
def decode_set(data: bytes, byteorder: str) -> SigSet:
    """The signals of a sigset_t: four words of 32 bits, signal 1 the lowest of the first."""
    words = _WORDS[byteorder].unpack(data)
    return frozenset(
        known(Signal, 32 * place + bit + 1)
        for place, word in enumerate(words)
        for bit in range(32)
        if word >> bit & 1
    )


def encode_set(signals: Iterable[int], byteorder: str) -> bytes:
    """A sigset_t of these signals."""
    words = [0, 0, 0, 0]
    for signal in signals:
        number = _check.signal(signal, zero=False) - 1
        words[number // 32] |= 1 << number % 32
    return _WORDS[byteorder].pack(*words)


assert SIG_MAXSIG == 4 * 32
