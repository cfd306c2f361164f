"""DragonFly's sysctls: its tree, and who may set what.

The nodes are rows of data: those of kern.proc in `kern_proc`, the others in
`sysctl_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import sysctl as shared
from bsdproc.emulator.bsd.sysctl import WHOLE as WHOLE
from bsdproc.emulator.bsd.sysctl import Flag as Flag
from bsdproc.emulator.bsd.sysctl import Type as Type
from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.dragonfly.state import Thread
from bsdproc.emulator.errno import EPERM, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System  # noqa: F401 (in the strings below)

Request = shared.Request["System", Thread]
Handler = Callable[[Request, tuple[int, ...]], None]
Row = shared.Row["System", Thread]

CTL_MAXNAME = 12


def _rows() -> Iterable[Row]:
    from bsdproc.emulator.dragonfly import kern_proc, sysctl_names

    own = TREE.own(Flag.RW, Flag.RD, Flag.RW | Flag.ANYBODY)
    return (*own, *sysctl_names.ROWS, *kern_proc.ROWS)


def _may(request: Request, flags: int) -> None:
    """The superuser sets; in a jail only what is the jail's."""
    if request.new is not None and not flags & Flag.ANYBODY:
        cred = request.td.proc.cred
        priv_check(cred)
        if cred.prison is not None and not flags & Flag.PRISON:
            raise Refused(EPERM)


TREE = shared.Tree["System", Thread](_rows, _may, CTL_MAXNAME)
"""All nodes of this kernel."""
name2mib, ask, sysctl, sysctl_size = TREE.name2mib, TREE.ask, TREE.sysctl, TREE.size
