"""Process descriptors: pdfork's.  The subject of FreeBSD's sys_procdesc.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.file import SELECT, File, Kind, Ready
from bsdproc.emulator.bsd.proctree import clear_orphan, make_orphan
from bsdproc.emulator.vnode import Access, Attributes

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.bsd.system import System


class ProcDesc(File):
    """DTYPE_PROCDESC.  Closing the last descriptor kills the process (unless it
    was made a daemon) and leaves it to its reaper."""

    kind = Kind.PROCDESC

    def __init__(self, *, daemon: bool) -> None:
        super().__init__(0)
        self.proc: Proc | None = None
        """None once it was collected."""
        self.daemon = daemon
        self.exited = False

    def attributes(self, who: Access) -> Attributes:
        return Attributes("reg", 0, who.cred.uid, who.cred.gid, 0, 0, 0, 0)

    def ready(self) -> Ready:
        return Ready(False, False, self.exited)

    def process_exits(self, system: System) -> None:
        """procdesc_exit."""
        p = self.proc
        self.exited = True
        if p is not None:
            self.exit_status = system.exit_status(p)
        system.wakeup(SELECT)

    def closed(self, system: System) -> None:
        """procdesc_close."""
        p = self.proc
        if p is None:
            return
        if p.zombie:
            assert p.parent is not None
            system.reap(p.parent, p)
            return
        self.proc = p.procdesc = None
        p.sigparent = signo.SIGCHLD
        if not p.traced:
            system.proc_reparent(p, p.reaper, set_oppid=True)
        else:
            clear_orphan(system, p)
            p.oppid = p.reaper.pid
            make_orphan(p, p.reaper)
        if not self.daemon:
            system.psignal(p, signo.SIGKILL)
