"""What a process that ended, stopped or went on tells its parent."""

from __future__ import annotations

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import KSigInfo, Proc

WCOREFLAG = 0x80


def ended(p: Proc) -> tuple[int, int]:
    """Of a zombie: CLD_ and the exit code, or the signal that ended it."""
    if p.xsig & WCOREFLAG:
        return s.CLD_DUMPED, p.xsig & 0x7F
    if p.xsig:
        return s.CLD_KILLED, p.xsig
    return s.CLD_EXITED, p.xexit


class Found:
    """What a wait found: the process, its status, and what siginfo_t is to
    say of it."""

    __slots__ = ("code", "p", "pid", "status")

    def __init__(self, p: Proc, status: int, code: int) -> None:
        self.p = p
        self.pid = p.pid
        self.status = status
        self.code = code

    @property
    def info(self) -> KSigInfo:
        """Of SIGCHLD."""
        p, code = self.p, self.code
        if code == s.CLD_CONTINUED:
            status = s.SIGCONT
        elif code in (s.CLD_TRAPPED, s.CLD_STOPPED):
            status = self.status >> 8
        elif self.status & 0x7F:
            status = self.status & 0x7F
            code = s.CLD_DUMPED if self.status & WCOREFLAG else s.CLD_KILLED
        else:
            status = p.xexit
        return KSigInfo(s.SIGCHLD, code, pid=self.pid, uid=p.cred.uid, status=status)
