"""A new program's stack: where it lies and what execve writes on it.

exec_new_vmspace and exec_copyout_strings of kern_exec.c, and the auxiliary
vector of imgact_elf.c.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly import limits
from bsdproc.emulator.dragonfly.x86_64.signal import SIGCODE, SIGTRAMP
from bsdproc.emulator.machine.entries import EXEC, READ, WRITE
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.state import Proc
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.elf import Image, Loaded

USRSTACK: Final = 0x7FFFFFE00000
PS_STRINGS: Final = USRSTACK - 32
"""In the page above the signal code's."""
SGROWSIZ: Final = 128 << 10
"""kern.sgrowsiz: what a stack starts with and grows by."""
MAXDSIZ: Final = 32 << 30
SPARE_USRSPACE: Final = 256
AT_COUNT: Final = 19
(AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY) = (
    0, 3, 4, 5, 6, 7, 8, 9)
AT_EXECPATH, AT_OSRELDATE = 15, 18
ET_DYN_LOAD_ADDR: Final = 0x01021000


def image_base(image: Image) -> int:
    """Where a position-independent image goes, 0 for any other."""
    return ET_DYN_LOAD_ADDR if image.pie and not image.segments[0].vaddr else 0


def linker_base(system: System, p: Proc, image: Image, loaded: Loaded, linker: Image) -> int:
    """Where the program's interpreter goes: behind its data, however they may grow."""
    return -(-(parts(image, loaded)[1][0] + MAXDSIZ) // PAGE) * PAGE


def parts(image: Image, loaded: Loaded) -> tuple[tuple[int, int], tuple[int, int]]:
    """vm_taddr and vm_tsize, vm_daddr and vm_dsize: the address and pages of the segment
    with the entry, and of the last of the others."""
    text = data = (0, 0)
    for part in image.segments:
        start = part.vaddr + loaded.base & -PAGE
        pages = (part.vaddr + loaded.base + part.memsz - start + PAGE - 1) // PAGE
        if part.vaddr <= image.entry < part.vaddr + part.memsz:
            text = start, pages
        elif not part.flags & EXEC or not data[1]:
            data = start, pages
    return text, data


def stack_gap(system: System, p: Proc) -> int:
    """A distance that is another one on each execve, the same on every run of
    the same history (kern.stackgap_random)."""
    most = int(system.settings["kern.stackgap_random"])
    if most <= 0:
        return -most & -16
    source = random.Random(f"{system.boot_time} {p.pid} {system.clock} stack")
    return (source.randrange(most) + 15) & -16


def setup_stack(system: System, p: Proc, image: Image, loaded: Loaded, argv: Sequence[bytes],
                envp: Sequence[bytes], execpath: str) -> int:
    """Map the stack and write on it what the program is to find.  The address
    of its argument count."""
    space = p.space
    assert space is not None
    size = limits.MAXSSIZ
    soft = min(limits.limit(p, limits.STACK)[0], size)
    space.map_stack(USRSTACK - size, size, SGROWSIZ, READ | WRITE,
                    guard=max(PAGE, size - soft & -PAGE))
    space.fill(SIGTRAMP, SIGCODE)
    space.protect(SIGTRAMP, PAGE, READ | EXEC)
    path = execpath.encode("utf-8", "surrogateescape") + b"\0"
    text = b"".join(s + b"\0" for s in (*argv, *envp))
    at_path = SIGTRAMP - _up(len(path))
    at_text = at_path - SPARE_USRSPACE - stack_gap(system, p) - _up(len(text))
    at_argv = at_text - 8 * (AT_COUNT * 2 + len(argv) + len(envp) + 2)
    at_envv = at_argv + 8 * (len(argv) + 1)
    auxv = _pairs((
        (AT_PHDR, loaded.phdr), (AT_PHENT, image.phent), (AT_PHNUM, image.phnum),
        (AT_PAGESZ, PAGE), (AT_FLAGS, 0), (AT_ENTRY, loaded.entry),
        (AT_BASE, loaded.base if loaded.linker is None else loaded.linker.start),
        (AT_EXECPATH, at_path), (AT_OSRELDATE, system.osreldate), (AT_NULL, 0)))
    vectors = _pointers(argv, at_text) + _pointers(
        envp, at_text + sum(len(s) + 1 for s in argv)) + auxv
    space.copyout(at_path, path)
    space.copyout(at_text, text)
    space.copyout(at_argv - 8, struct.pack("<Q", len(argv)) + vectors)
    space.copyout(PS_STRINGS, struct.pack("<QI4xQI4x", at_argv, len(argv), at_envv, len(envp)))
    p.ps_strings, p.auxv, p.sigtramp = PS_STRINGS, auxv, (SIGTRAMP, SIGTRAMP + len(SIGCODE))
    p.args, p.env = list(argv), list(envp)
    return at_argv - 8


def _up(size: int) -> int:
    return (size + 7) & -8


def _pairs(entries: Iterable[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack("<QQ", kind, value) for kind, value in entries)


def _pointers(strings: Sequence[bytes], at: int) -> bytes:
    """The addresses of strings that follow one another, and a null pointer."""
    addresses = []
    for s in strings:
        addresses.append(at)
        at += len(s) + 1
    return struct.pack(f"<{len(addresses) + 1}Q", *addresses, 0)
