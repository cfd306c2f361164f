"""What a process's memory says of its start: arguments, environment, auxiliary vector.

The subject of proc_getargv, proc_getenvv and proc_getauxv in kern_proc.c.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.errno import ENOEXEC, ENOMEM, Refused
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

ARG_MAX = 524288
PATH_MAX = 1024
AUXV_MAX = 256
CHUNK = 256
SIZEOF_PARGS = 12
"""The header of struct pargs: it counts towards kern.ps_arg_cache_limit."""
AT_NULL = 0


def peek(p: Proc, address: int, size: int) -> bytes:
    """proc_readmem: as much as can be read; ENOMEM when that is nothing."""
    data = b""
    if p.space is not None and size > 0:
        try:
            data = p.space.read(address, size)
        except MemoryFault as fault:
            data = p.space.read(address, fault.done) if fault.done else b""
    if not data:
        raise Refused(ENOMEM)
    return data


def peek_all(p: Proc, address: int, size: int) -> bytes:
    data = peek(p, address, size)
    if len(data) != size:
        raise Refused(ENOMEM)
    return data


def narrow(p: Proc) -> bool:
    """Whether it runs a 32-bit program."""
    return p.sysent == "FreeBSD ELF32"


def _ps_strings(p: Proc) -> tuple[int, int, int, int]:
    """struct ps_strings: where the arguments' addresses lie and how many,
    and the environment's."""
    form = struct.Struct("<IiIi" if narrow(p) else "<QixxxxQixxxx")
    argv, argc, envp, envc = form.unpack(peek_all(p, p.ps_strings, form.size))
    return argv, argc, envp, envc


def _vector(p: Proc, environment: bool) -> tuple[int, ...]:
    argv, argc, envp, envc = _ps_strings(p)
    at, count = (envp, envc) if environment else (argv, argc)
    if not 0 <= count <= ARG_MAX:
        raise Refused(ENOEXEC)
    width = 4 if narrow(p) else 8
    return struct.unpack(f"<{count}{'I' if width == 4 else 'Q'}",
                         peek_all(p, at, count * width))


def strings(p: Proc, environment: bool) -> bytes:
    """get_ps_strings: each with its NUL, up to a NULL among them."""
    most, out = 2 * (PATH_MAX + ARG_MAX), bytearray()
    for at in _vector(p, environment):
        if at == 0 or len(out) >= most:
            break
        while True:
            part = peek(p, at, CHUNK)
            text = part.split(b"\0", 1)[0]
            out += text[: most - len(out) - 1]
            if len(text) < CHUNK or len(out) >= most - 1:
                break
            at += CHUNK
        out += b"\0"
    return bytes(out)


def cache_limit(system: System) -> int:
    return int(system.settings.get("kern.ps_arg_cache_limit", 256))


def arguments(system: System, p: Proc) -> bytes:
    """What a process is called by: the title it set, its arguments as kept
    since execve (when they were short), or what its memory says."""
    if p.title:
        return p.title
    kept = b"".join(arg + b"\0" for arg in p.args)
    if p.title is None and kept and len(kept) + SIZEOF_PARGS <= cache_limit(system):
        return kept
    if p.space is None:
        return b"" if p.zombie else kept
    return strings(p, environment=False)


def auxiliary(p: Proc) -> bytes:
    """The auxiliary vector, behind the environment's addresses: up to AT_NULL."""
    width = 4 if narrow(p) else 8
    _, _, envp, envc = _ps_strings(p)
    at = start = envp + (envc + 1) * width
    if start % width:
        raise Refused(ENOEXEC)
    for _ in range(AUXV_MAX):
        kind = int.from_bytes(peek_all(p, at, 2 * width)[:width], "little")
        at += 2 * width
        if kind == AT_NULL:
            return peek_all(p, start, at - start)
    raise Refused(ENOEXEC)
