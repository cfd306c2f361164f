"""How tables of records are asked for: sized, fetched, grown until they fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd import _call
from bsdproc.netbsd.records import Record
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

R = TypeVar("R", bound=Record)
_SLACK: Final = 16
_LAST: Final = 1 << 30
"""More bytes than any table has."""


def table(kernel: Kernel, kind: type[R], mib: Callable[[int, int], tuple[int, ...]], name: str,
          target: int | None) -> list[R]:
    """The records of a sysctl whose number ends in an element's size and their count.

    `mib(size, count)` makes it.  The kernel leaves out what does not fit and calls
    that success, so that a table which fills its room is fetched again into more."""
    of = kind.of(kernel.target.machine)
    size = of.sizeof
    try:
        count = kernel.sysctl_size(mib(size, 0)) // size + _SLACK
    except KernelError as error:
        raise _call.completed(kernel, error, "sysctl", name, target) from None
    while True:
        try:
            data = kernel.sysctl(mib(size, count), room=size * count)
        except KernelError as error:
            if error.name != "ENOMEM" or count * size > _LAST:
                raise _call.completed(kernel, error, "sysctl", name, target) from None
            data = None
        if data is not None and len(data) < size * count:
            return kind.fixed(kernel.target.machine, data)
        if count * size > _LAST:
            raise Malformed(f"{name} has more than {_LAST} bytes")
        count *= 2
