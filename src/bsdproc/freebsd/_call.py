"""How the typed functions reach a FreeBSD kernel; see `bsdproc.typed.call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.freebsd.since import SINCE
from bsdproc.typed.call import System

if TYPE_CHECKING:
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    from bsdproc.freebsd.reasons import explain

    return explain(kernel, error)


SYSTEM: Final = System(
    "freebsd",
    explain=_explain,
    explained=("EPERM", "ESRCH", "EACCES", "EBUSY", "EINVAL", "ENOSYS", "ECAPMODE"),
    since=SINCE,
    unknown=("ENOENT", "EINVAL", "EOPNOTSUPP", "ENOSYS"),
)
freebsd = SYSTEM.kernel
request_number = SYSTEM.request_number
ptrace = SYSTEM.ptrace
asks = SYSTEM.asks
procctl = SYSTEM.procctl
sysctl = SYSTEM.sysctl
completed = SYSTEM.completed
