"""The default kernel: what a function uses that is given no ``kernel=``.

The innermost ``with kernel:`` around the running code holds (of its thread or
task).  Without any, the innermost that is open anywhere in the process, so
that a thread which was started inside a block has that block's kernel; without
any, the host's own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from bsdproc.kernel.errors import NoKernel
from bsdproc.kernel.hosts import system

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel


class _Block:
    """One ``with`` block that was entered, inside another or none."""

    __slots__ = ("kernel", "left", "outer")

    def __init__(self, kernel: Kernel, outer: _Block | None) -> None:
        self.kernel = kernel
        self.outer = outer
        self.left = False


class _Thread(threading.local):
    """What is remembered of a thread."""

    borrowed = False
    """It has used a kernel that another thread had set.  The pids it knows are
    that kernel's, so it must not come to use the host's own without being told."""


# Tasks inherit a context variable, and asyncio.to_thread hands it on; plain threads
# start with an empty one, hence the list of what is open in the process.
_around: ContextVar[_Block | None] = ContextVar("bsdproc_kernel", default=None)
# Every open block, oldest first.  A dict's single operations are atomic.
_open: dict[_Block, None] = {}
_thread = _Thread()


def _outwards(block: _Block | None) -> Iterator[_Block]:
    """That block and those around it, as far as they have not been left."""
    while block is not None:
        if not block.left:
            yield block
        block = block.outer


def push(kernel: Kernel) -> None:
    """Make `kernel` the default one: what a kernel's ``__enter__`` does."""
    block = _Block(kernel, next(_outwards(_around.get()), None))
    _around.set(block)
    _open[block] = None


def pop(kernel: Kernel) -> None:
    """Undo the innermost `push` of `kernel`; `RuntimeError` when there is none."""
    mine = (block for block in _outwards(_around.get()) if block.kernel is kernel)
    # A block may be left by other code than entered it: a generator's, a fixture's.
    anyone = (block for block in reversed(list(_open)) if block.kernel is kernel)
    block = next(mine, None) or next(anyone, None)
    if block is None:
        raise RuntimeError("this kernel is no default kernel now")
    block.left = True
    _open.pop(block, None)
    _around.set(next(_outwards(_around.get()), None))


class use:
    """``with use(kernel):`` makes any kernel the default one inside the block.

    That is what ``with kernel:`` does, without what a kernel does besides."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __enter__(self) -> Kernel:
        push(self._kernel)
        return self._kernel

    def __exit__(self, *exc: object) -> None:
        pop(self._kernel)


def default() -> Kernel:
    """The default kernel of the running code.

    `NoKernel` on a host that is no BSD when none is set; also where the answer
    would be a guess: other threads have set several, or the block whose kernel
    this thread or task has used before has been left."""
    innermost = _around.get()
    if innermost is not None:
        block = innermost if not innermost.left else next(_outwards(innermost), None)
        if block is not None:
            return block.kernel
    if _open and (elsewhere := list(_open)):
        kernel = _one_of(elsewhere)
        _thread.borrowed = True
        return kernel
    if innermost is not None or _thread.borrowed:
        raise NoKernel(
            "the `with` block whose kernel this thread or task used has been left; "
            "say which kernel is meant with kernel="
        )
    return host()


def _one_of(blocks: list[_Block]) -> Kernel:
    """The innermost of blocks that other threads hold open, if that is one kernel."""
    ends = set(blocks)
    for block in blocks:
        ends.difference_update(_outwards(block.outer))
    kernels = {id(block.kernel): block.kernel for block in ends}
    if len(kernels) > 1:
        raise NoKernel(
            f"other threads have set {len(kernels)} default kernels, and none is set around this "
            "code; say which one is meant with kernel="
        )
    return next(iter(kernels.values()))


def host() -> Kernel:
    """The host's own kernel; `NoKernel` where the host is no BSD."""
    if system(sys.platform) is None:
        raise NoKernel(
            f"this host ({sys.platform}) has no BSD kernel to call; take an emulated one: "
            "`with bsdproc.emulator.FreeBSD(): ...` in Python, or `--emulate freebsd/amd64` on "
            "the command line"
        )
    return _native()


@cache
def _native() -> Kernel:
    from bsdproc.kernel.native import NativeKernel

    try:
        return NativeKernel()
    except ModuleNotFoundError as error:
        raise NoKernel(
            f"bsdproc was installed without its native module ({error.name}); install it on this "
            "host with a C compiler at hand: pip install --force-reinstall --no-binary bsdproc "
            "bsdproc"
        ) from error


def resolve(kernel: Kernel | None) -> Kernel:
    """`kernel` itself, or the default one for None; `TypeError` for what is none."""
    if kernel is None:
        return default()
    if not hasattr(kernel, "system"):
        raise no_kernel(kernel)
    return kernel


def no_kernel(given: object) -> TypeError:
    """What is said of an argument that is no kernel, such as a class of them."""
    what = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
    return TypeError(f"kernel= takes a kernel, not {what}")
