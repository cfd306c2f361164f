"""NetBSD's signals beyond those that the BSDs share, and its si_code values."""

from __future__ import annotations

from bsdproc.emulator.bsd import signo as s

SIGPWR, SIGRTMIN, SIGRTMAX = 32, 33, 63
NSIG = 64

DEFAULT_IGNORED = s.DEFAULT_IGNORED | {SIGPWR}
CANNOT_MASK = s.CANNOT_MASK

SI_USER, SI_QUEUE, SI_TIMER, SI_ASYNCIO, SI_MESGQ, SI_LWP, SI_NOINFO = (
    0, -1, -2, -3, -4, -5, 32767)
TRAP_BRKPT, TRAP_TRACE, TRAP_EXEC, TRAP_CHLD, TRAP_LWP, TRAP_DBREG, TRAP_SCE, TRAP_SCX = (
    range(1, 9))

CODES = {s.SI_USER: SI_USER, s.SI_QUEUE: SI_QUEUE, s.SI_TIMER: SI_TIMER, s.SI_LWP: SI_LWP,
         s.SI_KERNEL: SI_NOINFO}
"""si_code by that of the shared kernel."""
