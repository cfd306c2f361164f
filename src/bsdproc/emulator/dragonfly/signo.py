"""Signals: the numbers that all BSDs share, and DragonFly's own (sys/signal.h,
sigproptbl of kern_sig.c)."""

from __future__ import annotations

from typing import Final

from bsdproc.emulator.bsd.signo import (
    CANNOT_MASK,
    CLD_CONTINUED,
    CLD_DUMPED,
    CLD_EXITED,
    CLD_KILLED,
    CLD_STOPPED,
    CLD_TRAPPED,
    CORE,
    SIG_DFL,
    SIG_IGN,
    SIG_MAX,
    SIGABRT,
    SIGCHLD,
    SIGCONT,
    SIGHUP,
    SIGILL,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGSYS,
    SIGTHR,
    SIGTRAP,
    STOPS,
    TRAP_TRACE,
    TTY_STOPS,
)
from bsdproc.emulator.bsd.signo import DEFAULT_IGNORED as SHARED_IGNORED

__all__ = ["CANNOT_MASK", "CLD_CONTINUED", "CLD_DUMPED", "CLD_EXITED", "CLD_KILLED",
           "CLD_STOPPED", "CLD_TRAPPED", "CORE", "SIGABRT", "SIGCHLD", "SIGCONT", "SIGHUP",
           "SIGILL", "SIGKILL", "SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTRAP", "SIG_DFL", "SIG_IGN",
           "SIG_MAX", "STOPS", "TRAP_TRACE", "TTY_STOPS"]

SIGCKPT, SIGCKPTEXIT = 33, 34
NSIG: Final = 64
"""Signals from here on have no property: they do nothing by default but end the process."""
CHECKPOINTS: Final = frozenset({SIGCKPT, SIGCKPTEXIT})
"""They write a checkpoint of the process (sys_checkpoint(2))."""
DEFAULT_IGNORED: Final = SHARED_IGNORED | {SIGTHR, *range(35, NSIG)}
SI_USER: Final = 0
