"""ptrace(2).  The subject of FreeBSD's sys_process.c.

`requests` finds who is meant and whether he may be asked, in the kernel's order;
`motion`, `events` and `memory` are the requests themselves.
"""

from bsdproc.emulator.freebsd.ptrace.call import Argument, Request
from bsdproc.emulator.freebsd.ptrace.requests import ptrace

__all__ = ["Argument", "Request", "ptrace"]
