"""Signals and the codes that a siginfo carries (<sys/signal.h>, <sys/siginfo.h>)."""

from __future__ import annotations

from enum import IntEnum


class Signal(IntEnum):
    """SIG*: signal numbers.  Real-time signals are those from SIGRTMIN to SIGRTMAX."""

    SIGHUP = 1
    SIGINT = 2
    SIGQUIT = 3
    SIGILL = 4
    SIGTRAP = 5
    SIGABRT = 6
    SIGIOT = 6
    SIGEMT = 7
    SIGFPE = 8
    SIGKILL = 9
    SIGBUS = 10
    SIGSEGV = 11
    SIGSYS = 12
    SIGPIPE = 13
    SIGALRM = 14
    SIGTERM = 15
    SIGURG = 16
    SIGSTOP = 17
    SIGTSTP = 18
    SIGCONT = 19
    SIGCHLD = 20
    SIGTTIN = 21
    SIGTTOU = 22
    SIGIO = 23
    SIGXCPU = 24
    SIGXFSZ = 25
    SIGVTALRM = 26
    SIGPROF = 27
    SIGWINCH = 28
    SIGINFO = 29
    SIGUSR1 = 30
    SIGUSR2 = 31
    SIGPWR = 32
    SIGRTMIN = 33
    SIGRTMAX = 63


NSIG = 64
"""Signals are below this number."""
SIG_MAXSIG = NSIG - 1
"""The highest number that the kernel takes."""


class SiCode(IntEnum):
    """SI_*: what sent a signal, for every signal; the others' codes are above 0."""

    SI_USER = 0
    SI_NOINFO = 32767
    SI_ASYNCIO = -3
    SI_LWP = -5
    SI_MESGQ = -4
    SI_QUEUE = -1
    SI_TIMER = -2


class IllCode(IntEnum):
    """ILL_*: codes of SIGILL."""

    ILL_ILLOPC = 1
    ILL_ILLOPN = 2
    ILL_ILLADR = 3
    ILL_ILLTRP = 4
    ILL_PRVOPC = 5
    ILL_PRVREG = 6
    ILL_COPROC = 7
    ILL_BADSTK = 8


class TrapCode(IntEnum):
    """TRAP_*: codes of SIGTRAP."""

    TRAP_BRKPT = 1
    TRAP_TRACE = 2
    TRAP_EXEC = 3
    TRAP_CHLD = 4
    TRAP_LWP = 5
    TRAP_DBREG = 6
    TRAP_SCE = 7
    TRAP_SCX = 8


class FpeCode(IntEnum):
    """FPE_*: codes of SIGFPE."""

    FPE_INTDIV = 1
    FPE_INTOVF = 2
    FPE_FLTDIV = 3
    FPE_FLTOVF = 4
    FPE_FLTUND = 5
    FPE_FLTRES = 6
    FPE_FLTINV = 7
    FPE_FLTSUB = 8


class BusCode(IntEnum):
    """BUS_*: codes of SIGBUS."""

    BUS_ADRALN = 1
    BUS_ADRERR = 2
    BUS_OBJERR = 3


class SegvCode(IntEnum):
    """SEGV_*: codes of SIGSEGV."""

    SEGV_MAPERR = 1
    SEGV_ACCERR = 2


class CldCode(IntEnum):
    """CLD_*: codes of SIGCHLD."""

    CLD_EXITED = 1
    CLD_KILLED = 2
    CLD_DUMPED = 3
    CLD_TRAPPED = 4
    CLD_STOPPED = 5
    CLD_CONTINUED = 6


class PollCode(IntEnum):
    """POLL_*: codes of SIGIO."""

    POLL_IN = 1
    POLL_OUT = 2
    POLL_MSG = 3
    POLL_ERR = 4
    POLL_PRI = 5
    POLL_HUP = 6


SignalCode = (
    SiCode | IllCode | TrapCode | FpeCode | BusCode | SegvCode | CldCode | PollCode | int
)
"""What `Siginfo.code` is: a code of the signal's own, an SI_ one, or an unknown number."""
