"""wait6 and wait4: what there is to report of children.  The subject of
find_stopped_child and do_sys_waitid in NetBSD's kern_exit.c."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import P, Proc, Sleep, Thread
from bsdproc.emulator.bsd.wait import Found
from bsdproc.emulator.errno import ECHILD, EINVAL, Refused
from bsdproc.emulator.netbsd import exit

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

WNOHANG, WUNTRACED, WALTSIG, WALLSIG, WCONTINUED, WEXITED, WTRAPPED = 1, 2, 4, 8, 16, 32, 64
WNOWAIT, WNOZOMBIE = 0x10000, 0x20000
KNOWN = (WNOHANG | WUNTRACED | WALTSIG | WALLSIG | WCONTINUED | WEXITED | WTRAPPED | WNOWAIT
         | WNOZOMBIE)
P_ALL, P_PID, P_PGID, P_SID, P_UID, P_GID = 0, 1, 4, 5, 7, 8
WAIT_MYPGRP = 0
W_CONTCODE = 0xFFFF
STOPCODE = 0x7F


def target(pid: int) -> tuple[int, int]:
    """wait4's pid as wait6's two."""
    if pid == -1:
        return P_ALL, 0
    return (P_PGID, -pid) if pid < 0 else (P_PID, pid)


def _matches(p: Proc, idtype: int, id: int, options: int) -> bool:
    """match_process.  Nobody is of a kind of id that there is not, and a zombie is
    nobody to who does not ask for ends."""
    if p.zombie and not options & WEXITED:
        return False
    if idtype == P_ALL:
        return True
    asked = {P_PID: p.pid, P_PGID: p.pgid, P_SID: p.session.sid, P_UID: p.cred.uid,
             P_GID: p.cred.gid}.get(idtype)
    return asked is not None and asked == id


def look(system: System, td: Thread, idtype: int, id: int, options: int) -> Found | None:
    """What a wait finds at once: EINVAL for options that there are not, ECHILD without
    any child that matches."""
    q = td.proc
    options &= 0xFFFFFFFF
    if options & ~KNOWN or not options & (WEXITED | WUNTRACED | WCONTINUED | WTRAPPED):
        raise Refused(EINVAL)
    if id == WAIT_MYPGRP and idtype in (P_PID, P_PGID):
        idtype, id = P_PGID, q.pgid
    q.news = False
    any_child = False
    for p in q.children:
        if not _matches(p, idtype, id, options):
            continue
        any_child = True
        if p.zombie:
            if options & WNOZOMBIE:
                continue
            news = Found(p, p.xsig or (p.xexit & 0xFF) << 8, s.CLD_EXITED)
            if not options & WNOWAIT:
                exit.reap(system, q, p)
            return news
        if options & WCONTINUED and p.flag & P.CONTINUED and p.xsig == s.SIGCONT:
            if not options & WNOWAIT:
                p.flag &= ~P.CONTINUED
            return Found(p, W_CONTCODE, s.CLD_CONTINUED)
        if p.flag & P.STOPPED_SIG and not p.flag & P.WAITED and options & (
                WTRAPPED | WUNTRACED if p.traced else WUNTRACED):
            if not options & WNOWAIT:
                p.flag |= P.WAITED
            return Found(p, p.xsig << 8 | STOPCODE,
                         s.CLD_TRAPPED if p.traced else s.CLD_STOPPED)
    if not any_child and not any(_matches(p, idtype, id, options) for p in q.orphans):
        raise Refused(ECHILD)
    return None


def wait6(system: System, td: Thread, idtype: int, id: int,
          options: int) -> Generator[Sleep | None, int, Found | None]:
    while True:
        found = look(system, td, idtype, id, options)
        if found is not None or options & WNOHANG:
            return found
        error = yield Sleep(td.proc, "wait")
        if error:
            raise Refused(error)
