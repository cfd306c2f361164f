"""A new program's stack: where it lies, what execve writes on it, how it grows.

exec_map_stack and exec_copyout_strings of kern_exec.c, the auxiliary vector of
imgact_elf.c, vm_map_stack and vm_map_growstack of vm_map.c.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.errno import ENOEXEC, ENOMEM, Refused
from bsdproc.emulator.freebsd import aslr, limits
from bsdproc.emulator.freebsd.amd64 import vdso
from bsdproc.emulator.freebsd.state import MapFlag
from bsdproc.emulator.machine.entries import ALL, EXEC, READ
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.elf import Image, Loaded
    from bsdproc.emulator.freebsd.state import Proc
    from bsdproc.emulator.freebsd.system import System

PAGE_SIZES: Final = (PAGE, 2 << 20, 1 << 30)
SGROWSIZ: Final = 128 << 10
"""kern.sgrowsiz: what a stack starts with and grows by."""
ET_DYN_LOAD_ADDR: Final = 0x01021000
"""kern.elf64.pie_base."""
PS_STRINGS: Final = struct.Struct("<QI4xQI4x")
"""struct ps_strings: argv, argc, environ, their number."""
CANARY_SIZE: Final = 64
NCPUS: Final = 1

(AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY) = (
    0, 3, 4, 5, 6, 7, 8, 9)
(AT_EXECPATH, AT_CANARY, AT_CANARYLEN, AT_OSRELDATE, AT_NCPUS, AT_PAGESIZES, AT_PAGESIZESLEN,
 AT_TIMEKEEP, AT_STACKPROT, AT_EHDRFLAGS) = range(15, 25)
AT_BSDFLAGS, AT_ARGC, AT_ARGV, AT_ENVC, AT_ENVV, AT_PS_STRINGS = range(27, 33)
AT_USRSTACKBASE, AT_USRSTACKLIM, AT_COUNT = 35, 36, 37
ELF_BSDF_SIGFASTBLK: Final = 1


@dataclass(frozen=True, slots=True)
class Strings:
    """Where exec_copyout_strings puts things, from the top of the stack down."""

    top: int
    data: bytes
    """What lies from `base` up to `top`."""
    base: int
    """The argument count's address."""
    ps_strings: int
    auxv: bytes
    """As far as AT_NULL."""


def lay_out(
    *, top: int, argv: Sequence[bytes], envp: Sequence[bytes], execpath: bytes,
    canary: bytes, auxiliary: Sequence[tuple[int, int]], tail: Sequence[tuple[int, int]],
) -> Strings:
    """The contents of a fresh stack that ends at `top`.

    `auxiliary` are the entries that come before those which tell of the
    stack itself, `tail` those after them; AT_EXECPATH and the like are put
    in where FreeBSD has them (a value of None in `auxiliary` has no place).
    """
    ps_strings = top - PS_STRINGS.size
    at_path = ps_strings - (len(execpath) + 1) & ~7
    at_canary = at_path - CANARY_SIZE
    sizes = struct.pack(f"<{len(PAGE_SIZES)}Q", *PAGE_SIZES)
    at_sizes = at_canary - len(sizes) & ~7
    text = b"".join(s + b"\0" for s in (*argv, *envp))
    at_text = at_sizes - len(text) & ~7
    at_auxv = at_text - AT_COUNT * 16 & ~7
    at_argv = at_auxv - 8 * (len(argv) + 1 + len(envp) + 1)
    at_envv = at_argv + 8 * (len(argv) + 1)

    places = {AT_EXECPATH: at_path, AT_CANARY: at_canary, AT_CANARYLEN: CANARY_SIZE,
              AT_PAGESIZES: at_sizes, AT_PAGESIZESLEN: len(sizes),
              AT_ARGC: len(argv), AT_ARGV: at_argv, AT_ENVC: len(envp), AT_ENVV: at_envv,
              AT_PS_STRINGS: ps_strings}
    entries = [*((kind, places.get(kind, value)) for kind, value in auxiliary),
               *((kind, places[kind]) for kind in (
                   AT_ARGC, AT_ARGV, AT_ENVC, AT_ENVV, AT_PS_STRINGS)),
               *tail, (AT_NULL, 0)]
    auxv = b"".join(struct.pack("<QQ", kind, value) for kind, value in entries)

    base = at_argv - 8
    image = bytearray(top - base)

    def put(at: int, data: bytes) -> None:
        image[at - base:at - base + len(data)] = data

    put(base, struct.pack("<Q", len(argv)))
    put(at_argv, _pointers(argv, at_text))
    put(at_envv, _pointers(envp, at_text + sum(len(s) + 1 for s in argv)))
    put(at_auxv, auxv)
    put(at_text, text)
    put(at_sizes, sizes)
    put(at_canary, canary)
    put(at_path, execpath + b"\0")
    put(ps_strings, PS_STRINGS.pack(at_argv, len(argv), at_envv, len(envp)))
    return Strings(top, bytes(image), base, ps_strings, auxv)


def _pointers(strings: Sequence[bytes], at: int) -> bytes:
    """The addresses of strings that follow one another, and a null pointer."""
    addresses = []
    for s in strings:
        addresses.append(at)
        at += len(s) + 1
    return struct.pack(f"<{len(addresses) + 1}Q", *addresses, 0)


# -- the address space of a new program --------------------------------------
def entropy(system: System, p: Proc, what: str) -> random.Random:
    """arc4random for one execve: the same on every run of the same history."""
    return random.Random(f"{system.boot_time} {p.pid} {system.clock} {what}")


def image_base(system: System, p: Proc, image: Image) -> int:
    """Where a position-independent image goes, 0 for any other; and what the
    new address space will be like (`Proc.map_flags`, `Proc.fctl0`)."""
    decision = aslr.decide(system, p, dynamic=image.pie, bits=64, fctl0=image.fctl)
    p.map_flags, p.fctl0 = decision.map_flags, image.fctl
    if not image.pie or image.segments[0].vaddr:
        return 0
    if not decision.random_base:
        return ET_DYN_LOAD_ADDR
    size = sum(s.memsz for s in image.segments)
    low = PAGE + size + limits.limit(p, limits.DATA)[1]
    high = vdso.USRSTACK
    if not p.map_flags & MapFlag.ASLR_STACK:
        high -= limits.limit(p, limits.STACK)[1]
    align = max(PAGE, *(s.align for s in image.segments))
    return _random_base(entropy(system, p, "base"), low, high // 2, align)


def _random_base(source: random.Random, low: int, high: int, align: int) -> int:
    """rnd_elf64_base: a multiple of `align` in that range."""
    if low + align >= high:
        raise Refused(ENOEXEC)
    base = -(-low // align) * align + source.getrandbits(64) % (high - low) & -align
    return base - align if base >= high else base


def setup_stack(system: System, p: Proc, image: Image, loaded: Loaded, argv: Sequence[bytes],
                envp: Sequence[bytes], execpath: str) -> int:
    """Map the shared page and the stack, and write on it what the program is
    to find there.  The address of its argument count, for exec_setregs."""
    space = p.space
    assert space is not None
    source = entropy(system, p, "stack")
    space.map(vdso.SHARED_PAGE, PAGE, READ | EXEC, max_prot=READ | EXEC, backing=vdso.SHARED,
              kind="shared", shared=True)
    top = map_stack(system, p, image, loaded, source)
    strings = lay_out(
        top=top, argv=argv, envp=envp, execpath=execpath.encode("utf-8", "surrogateescape"),
        canary=source.randbytes(CANARY_SIZE),
        auxiliary=(
            (AT_PHDR, loaded.phdr), (AT_PHENT, image.phent), (AT_PHNUM, image.phnum),
            (AT_PAGESZ, PAGE), (AT_FLAGS, 0), (AT_ENTRY, loaded.entry), (AT_BASE, loaded.base),
            (AT_EHDRFLAGS, 0), (AT_EXECPATH, 0), (AT_OSRELDATE, system.osreldate),
            (AT_CANARY, 0), (AT_CANARYLEN, 0), (AT_NCPUS, NCPUS), (AT_PAGESIZES, 0),
            (AT_PAGESIZESLEN, 0), (AT_TIMEKEEP, vdso.TIMEKEEP),
            (AT_STACKPROT, stack_prot(image)), (AT_BSDFLAGS, ELF_BSDF_SIGFASTBLK)),
        tail=((AT_USRSTACKBASE, -(-top // PAGE) * PAGE),
              (AT_USRSTACKLIM, limits.limit(p, limits.STACK)[0])))
    space.copyout(strings.base, strings.data)
    p.ps_strings, p.auxv = strings.ps_strings, strings.auxv
    p.args, p.env = list(argv), list(envp)
    p.sigtramp = vdso.SIGTRAMP_RANGE
    return strings.base


def stack_prot(image: Image) -> int:
    """PT_GNU_STACK's wish; a program without one gets a stack of every right."""
    return ALL if image.stack_flags is None else image.stack_flags


def map_stack(system: System, p: Proc, image: Image, loaded: Loaded,
              source: random.Random) -> int:
    """exec_map_stack: a little of it, and below that the room it may grow
    into.  Where its strings end."""
    space = p.space
    assert space is not None
    soft, hard = limits.limit(p, limits.STACK)
    size = limits.MAXSSIZ
    if image.stack_size:
        size = min(image.stack_size & -PAGE, hard)
        if size > soft:
            soft = size
            p.rlimits[limits.STACK] = (soft, hard)
    bottom = vdso.USRSTACK - size
    random_place = bool(p.map_flags & MapFlag.ASLR_STACK)
    if random_place:
        after = -(-loaded.data[0] // PAGE) * PAGE + limits.limit(p, limits.DATA)[1]
        found = aslr.place(system, p, space, size, after, after, vdso.USRSTACK)
        if found is None:
            raise Refused(ENOMEM)
        bottom = found
    gap = aslr.stack_gap(system, p) * PAGE
    # Growth ends at the gap or at the limit, whichever comes first.
    space.map_stack(bottom, size, SGROWSIZ, stack_prot(image), guard=max(gap, size - soft))
    p.stack_base, p.stack_size = bottom, size
    top = bottom + size
    return top - (source.randrange(PAGE) & ~7) if random_place else top
