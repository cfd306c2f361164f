"""How the typed functions reach a DragonFly kernel; see `bsdproc.typed.call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed.call import System
from bsdproc.typed.since import Since

if TYPE_CHECKING:
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    from bsdproc.dragonfly.reasons import explain

    return explain(kernel, error)


SYSTEM: Final = System(
    "dragonfly",
    explain=_explain,
    explained=("EPERM", "ESRCH", "EACCES", "EBUSY", "EINVAL", "EALREADY", "ENOTCONN"),
    since=Since("DragonFly", {}, major=100_000, minor=100),
    unknown=("ENOENT", "EINVAL", "EOPNOTSUPP", "ENOSYS"),
)
dragonfly = SYSTEM.kernel
request_number = SYSTEM.request_number
ptrace = SYSTEM.ptrace
procctl = SYSTEM.procctl
sysctl = SYSTEM.sysctl
completed = SYSTEM.completed
