"""A new program's stack and addresses: copyargs and elf_copyargs of NetBSD's
kern_exec.c and exec_elf.c."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.errno import E2BIG, Refused
from bsdproc.emulator.machine.entries import READ, WRITE
from bsdproc.emulator.machine.memory import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.elf import Image, Loaded
    from bsdproc.emulator.netbsd.system import System

USRSTACK: Final = 0x7F8000000000
MAXSSIZ: Final = 128 << 20
TOPDOWN: Final = USRSTACK - MAXSSIZ
"""VM_DEFAULT_ADDRESS_TOPDOWN: mappings grow down from here."""
INITIAL: Final = 2 << 20
"""What a stack starts with (DFLSSIZ); it grows to the limit."""
PIE_BASE: Final = 0x200000
"""Where a position-independent program goes without ASLR."""
ARG_MAX: Final = 256 << 10
ES_ARGLEN: Final = 28 + 1024 + 8
"""Words of the stack that the auxiliary vector and the program's name have."""
PS_STRINGS: Final = struct.Struct("<QI4xQI4x")
AUX: Final = struct.Struct("<I4xQ")
(AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_STACKBASE) = (
    0, 3, 4, 5, 6, 7, 8, 9, 13)
AT_EUID, AT_RUID, AT_EGID, AT_RGID, AT_SUN_EXECNAME = 2000, 2001, 2002, 2003, 2014


def image_base(system: System, p: Proc, image: Image) -> int:
    """Where a position-independent image goes, 0 for any other."""
    return PIE_BASE if image.pie else 0


def linker_base(system: System, p: Proc, image: Image, loaded: Loaded, linker: Image) -> int:
    """What is added to the addresses of the program's interpreter, which lies where
    mappings begin to grow down."""
    first = linker.segments[0]
    size = linker.high - (first.vaddr & -PAGE)
    return (TOPDOWN - size & -max(PAGE, first.align)) - (first.vaddr & -PAGE)


def setup_stack(system: System, p: Proc, image: Image, loaded: Loaded, argv: Sequence[bytes],
                envp: Sequence[bytes], execpath: str) -> int:
    """Map the stack and write on it what the program is to find there.  The
    address of its argument count."""
    space = p.space
    assert space is not None
    p.sysent = system.sysent
    p.sigtramp = (0, 0)
    text = b"".join(s + b"\0" for s in (*argv, *envp))
    if len(text) > ARG_MAX:
        raise Refused(E2BIG)
    size = min(limits.limit(p, limits.STACK)[0], MAXSSIZ) & -PAGE
    space.map_stack(USRSTACK - MAXSSIZ, MAXSSIZ, min(INITIAL, size), READ | WRITE,
                    guard=max(PAGE, MAXSSIZ - size))
    p.stack_base, p.stack_size = USRSTACK - MAXSSIZ, MAXSSIZ
    ps_strings = USRSTACK - PS_STRINGS.size
    words = 1 + len(argv) + 1 + len(envp) + 1 + ES_ARGLEN
    base = ps_strings - (8 * words + len(text)) & ~0xF
    at_argv = base + 8
    at_envv = at_argv + 8 * (len(argv) + 1)
    at_aux = at_envv + 8 * (len(envp) + 1)
    at_text = base + 8 * words
    cred, name = p.cred, execpath.encode("utf-8", "surrogateescape") + b"\0"
    vector = [
        (AT_PHDR, loaded.phdr), (AT_PHENT, image.phent), (AT_PHNUM, image.phnum),
        (AT_PAGESZ, PAGE), (AT_BASE, 0 if loaded.linker is None else loaded.linker.start),
        (AT_FLAGS, 0), (AT_ENTRY, loaded.entry),
        (AT_EUID, cred.uid), (AT_RUID, cred.ruid), (AT_EGID, cred.gid), (AT_RGID, cred.rgid),
        (AT_STACKBASE, USRSTACK)]
    at_name = at_aux + AUX.size * (len(vector) + 2)
    vector += [(AT_SUN_EXECNAME, at_name), (AT_NULL, 0)]
    auxv = b"".join(AUX.pack(*entry) for entry in vector)
    pointers: list[int] = []
    at = at_text
    for strings in (argv, envp):
        for s in strings:
            pointers.append(at)
            at += len(s) + 1
        pointers.append(0)
    space.copyout(base, struct.pack(f"<{1 + len(pointers)}Q", len(argv), *pointers) + auxv + name)
    space.copyout(at_text, text)
    space.copyout(ps_strings, PS_STRINGS.pack(at_argv, len(argv), at_envv, len(envp)))
    p.ps_strings, p.auxv = ps_strings, auxv
    p.args, p.env = list(argv), list(envp)
    return base
