"""run_child on the host's kernel: fork, work, an answer through a pipe."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

from bsdproc.kernel import checks
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.native_files import refusals

if TYPE_CHECKING:
    from bsdproc.kernel.native import NativeKernel
    from bsdproc.kernel.port import Kernel

T = TypeVar("T")

_STOPPED = 0x7F


def run_child(kernel: NativeKernel, work: Callable[[Kernel], T], *, uid: int | None,
              gid: int | None) -> T:
    """`Kernel.run_child`.

    What `work` raises comes back with its own class where it can be pickled,
    the child's traceback as its note; else as a RuntimeError that quotes it."""
    checks.ids(uid, gid, None)
    if gid is None:
        gid = uid
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    reader, writer = kernel.pipe()
    try:
        with refusals(kernel.system, "fork"):
            pid = os.fork()
    except KernelError:
        os.close(reader)
        os.close(writer)
        raise
    if pid == 0:
        _child(kernel, work, writer, uid, gid)
    os.close(writer)
    try:
        answer, status = _collect(kernel, pid, reader)
    finally:
        os.close(reader)
    if not answer:
        raise RuntimeError(f"the child {pid} ended without an answer, status {status:#x}")
    value, error = pickle.loads(answer)
    if error is not None:
        raise error
    result: T = value
    return result


def _child(kernel: NativeKernel, work: Callable[[Kernel], T], writer: int, uid: int | None,
           gid: int | None) -> NoReturn:
    """The child's life.  It never returns into the caller's code."""
    try:
        try:
            _become(kernel.system, uid, gid)
            answer = pickle.dumps((work(kernel), None))
        except BaseException as error:
            answer = _packed(error)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    finally:
        os._exit(0)


def _become(system: str, uid: int | None, gid: int | None) -> None:
    if gid is not None:
        with refusals(system, "setgroups"):
            os.setgroups([gid])
        with refusals(system, "setgid"):
            os.setgid(gid)
    if uid is not None:
        with refusals(system, "setuid"):
            os.setuid(uid)


def _packed(error: BaseException) -> bytes:
    text = "".join(traceback.format_exception(error))
    error.add_note(f"in a child process:\n{text}")
    try:
        packed = pickle.dumps((None, error))
        pickle.loads(packed)
    except Exception:
        packed = pickle.dumps((None, RuntimeError(f"in a child process:\n{text}")))
    return packed


def _collect(kernel: NativeKernel, pid: int, reader: int) -> tuple[bytes, int]:
    """What the child wrote, and its status: it is gone afterwards, whatever happens."""
    parts: list[bytes] = []
    status: int | None = None
    nohang, untraced = os.WNOHANG, os.WUNTRACED
    try:
        while True:
            if select.select([reader], [], [], 0.05)[0]:
                part = os.read(reader, 65536)
                if part:
                    parts.append(part)
                    continue
                break
            # No news: it may have let itself be traced, and wait to be continued.
            # What it forked off may hold the pipe open beyond its end.
            if status is None:
                status = _look(kernel, pid, nohang | untraced)
            else:
                break
        while status is None:
            status = _look(kernel, pid, untraced)
    except BaseException:
        if status is None:
            _end(kernel, pid)
        raise
    return b"".join(parts), status


def _look(kernel: NativeKernel, pid: int, options: int) -> int | None:
    """The child's status if it has ended.  A stop of a traced one is passed over."""
    found, status, _ = kernel.wait4(pid, options, False)
    if found == 0:
        return None
    if status & 0xFF != _STOPPED:
        return status
    _go_on(kernel, pid, status >> 8)
    return None


def _go_on(kernel: NativeKernel, pid: int, sig: int) -> None:
    try:
        kernel.ptrace(kernel.target.constants["PT_CONTINUE"], pid, 1, sig)
    except KernelError:
        # Stopped as any job may be: whoever stopped it may continue it.
        return


def _end(kernel: NativeKernel, pid: int) -> None:
    """Kill the child and collect it."""
    kernel.kill(pid, signal.SIGKILL)
    while True:
        status = kernel.wait4(pid, 0, False).status
        if status & 0xFF != _STOPPED:
            return
        _go_on(kernel, pid, signal.SIGKILL)
