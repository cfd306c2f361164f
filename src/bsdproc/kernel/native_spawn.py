"""spawn on the host's kernel: the arguments of the C that forks and executes."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.kernel import checks
from bsdproc.kernel.errors import from_errno

if TYPE_CHECKING:
    from bsdproc.kernel._native import FFI, CData, Lib

STEPS: Final = (
    "fork", "sigprocmask", "setpgid", "chdir", "dup2", "setgroups", "setgid", "setuid", "ptrace",
    "execve",
)
"""What the C's step numbers stand for."""

_forking = threading.RLock()
# A child that another thread forks off meanwhile would hold the pipe's end on
# which success is told by closing it, for as long as that child lives.
os.register_at_fork(
    before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_forking.release
)


def spawn(
    ffi: FFI,
    lib: Lib,
    system: str,
    path: str,
    argv: Sequence[str],
    env: Mapping[str, str] | None,
    *,
    traced: bool,
    new_group: bool,
    uid: int | None,
    gid: int | None,
    groups: Sequence[int] | None,
    cwd: str | None,
    fds: Mapping[int, int] | None,
) -> int:
    """`Kernel.spawn`: the child's pid."""
    checks.ids(uid, gid, groups)
    if uid is not None:
        gid = uid if gid is None else gid
        groups = [gid] if groups is None else groups
    s = ffi.new("struct bsdproc_spawn *")
    # cffi's objects own what they point to only while Python holds them.
    held: list[CData] = []

    def text(value: bytes) -> CData:
        held.append(ffi.new("char[]", value))
        return held[-1]

    def strings(values: list[bytes]) -> CData:
        held.append(ffi.new("char *[]", [*map(text, values), ffi.NULL]))
        return held[-1]

    s.path = text(checks.path("path", path))
    s.argv = strings(checks.arguments(argv))
    s.envp = strings(
        [name + b"=" + value for name, value in os.environb.items()] if env is None
        else checks.environment(env)
    )
    if cwd is not None:
        s.cwd = text(checks.path("cwd", cwd))
    s.traced = bool(traced)
    s.new_group = bool(new_group)
    if uid is not None:
        s.uid, s.set_uid = uid, 1
    if gid is not None:
        s.gid, s.set_gid = gid, 1
    if groups is not None:
        s.groups = array = ffi.new("unsigned int[]", list(groups))
        s.ngroups = len(groups)
        held.append(array)
    pairs = checks.descriptors(fds or {})
    s.fds = table = ffi.new("struct bsdproc_fd[]", len(pairs))
    s.nfds = len(pairs)
    for entry, (child, parent) in enumerate(pairs):
        table[entry].child = child
        table[entry].parent = parent
    with _forking:
        pid = lib.bsdproc_spawn(s)
        error = ffi.errno
    if pid == -1:
        step = STEPS[s.step]
        request = path if step == "execve" else cwd if step == "chdir" else None
        raise from_errno(system, error, call=step, request=request)
    return pid
