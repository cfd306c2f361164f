"""How the typed functions reach a NetBSD kernel; see `bsdproc.typed.call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.netbsd.since import SINCE
from bsdproc.typed.call import System

if TYPE_CHECKING:
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    from bsdproc.netbsd.reasons import explain

    return explain(kernel, error)


SYSTEM: Final = System(
    "netbsd",
    explain=_explain,
    explained=("EPERM", "ESRCH", "EACCES", "EBUSY", "EINVAL"),
    since=SINCE,
    unknown=("EINVAL", "ENOENT", "EOPNOTSUPP", "ENOTSUP", "ENOSYS"),
)
netbsd = SYSTEM.kernel
request_number = SYSTEM.request_number
ptrace = SYSTEM.ptrace
sysctl = SYSTEM.sysctl
completed = SYSTEM.completed
