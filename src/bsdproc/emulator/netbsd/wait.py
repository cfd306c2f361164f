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
WNOWAIT, WNOZOMBIE, WOPTSCHECKED = 0x10000, 0x20000, 0x40000
KNOWN = (WNOHANG | WUNTRACED | WALTSIG | WALLSIG | WCONTINUED | WEXITED | WTRAPPED | WNOWAIT
         | WNOZOMBIE)
P_ALL, P_PID, P_PPID, P_PGID, P_SID, P_UID, P_GID = 0, 1, 3, 4, 5, 7, 8
P_MYID = -1
W_CONTCODE = 0xFFFF
STOPCODE = 0x7F


def target(pid: int) -> tuple[int, int]:
    """wait4's pid as wait6's two."""
    if pid == -1:
        return P_ALL, 0
    if pid == 0:
        return P_PGID, P_MYID
    return (P_PGID, -pid) if pid < 0 else (P_PID, pid)


def _matches(q: Proc, p: Proc, idtype: int, id: int) -> bool:
    if idtype == P_ALL:
        return True
    mine = id == P_MYID
    asked = {
        P_PID: (p.pid, q.pid), P_PGID: (p.pgid, q.pgid), P_SID: (p.session.sid, q.session.sid),
        P_UID: (p.cred.uid, q.cred.uid), P_GID: (p.cred.gid, q.cred.gid)}.get(idtype)
    return asked is not None and asked[0] == (asked[1] if mine else id)


def look(system: System, td: Thread, idtype: int, id: int, options: int) -> Found | None:
    """What a wait finds at once: EINVAL for options or a kind of id that
    there is not, ECHILD without any child that matches."""
    q = td.proc
    options &= 0xFFFFFFFF
    if options & ~KNOWN or not options & (WEXITED | WUNTRACED | WCONTINUED | WTRAPPED):
        raise Refused(EINVAL)
    if idtype not in (P_ALL, P_PID, P_PGID, P_SID, P_UID, P_GID):
        raise Refused(EINVAL)
    q.news = False
    any_child = False
    for p in q.children:
        if not _matches(q, p, idtype, id):
            continue
        if p.zombie:
            if options & WNOZOMBIE:
                continue
            any_child = True
            if not options & WEXITED:
                continue
            news = Found(p, p.xsig or (p.xexit & 0xFF) << 8, s.CLD_EXITED)
            if not options & WNOWAIT:
                exit.reap(system, q, p)
            return news
        any_child = True
        if p.flag & P.STOPPED_SIG and not p.flag & P.WAITED and options & (
                WTRAPPED if p.traced else WUNTRACED):
            if not options & WNOWAIT:
                p.flag |= P.WAITED
            return Found(p, p.xsig << 8 | STOPCODE,
                         s.CLD_TRAPPED if p.traced else s.CLD_STOPPED)
        if options & WCONTINUED and p.flag & P.CONTINUED:
            if not options & WNOWAIT:
                p.flag &= ~P.CONTINUED
            return Found(p, W_CONTCODE, s.CLD_CONTINUED)
    if not any_child and not any(_matches(q, p, idtype, id) for p in q.orphans):
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
