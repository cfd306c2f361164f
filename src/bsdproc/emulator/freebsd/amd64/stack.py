"""A new program's stack: where it lies and what execve writes on it.

exec_map_stack and exec_copyout_strings of kern_exec.c, freebsd32_copyout_strings,
and the auxiliary vector of imgact_elf.c.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import MapFlag
from bsdproc.emulator.elf import data_start
from bsdproc.emulator.errno import ENOEXEC, ENOMEM, Refused
from bsdproc.emulator.freebsd import aslr
from bsdproc.emulator.freebsd.amd64.abi import ELF32, ELF64, Abi
from bsdproc.emulator.machine.entries import ALL, EXEC, READ
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.elf import Image, Loaded
    from bsdproc.emulator.freebsd.system import System

PAGE_SIZES: Final = (PAGE, 2 << 20, 1 << 30)
SGROWSIZ: Final = 128 << 10
"""kern.sgrowsiz: what a stack starts with and grows by."""
PS_STRINGS: Final = {64: struct.Struct("<QI4xQI4x"), 32: struct.Struct("<IIII")}
"""struct ps_strings: argv, argc, environ, their number."""
MAXTSIZ: Final = 32 << 30
"""kern.maxtsiz."""
OSREL_MAJOR: Final = 100000
CANARY_SIZE: Final = 64
NCPUS: Final = 2
"""hw.ncpu, of the machine that recorded the answers."""

(AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY) = (
    0, 3, 4, 5, 6, 7, 8, 9)
(AT_EXECPATH, AT_CANARY, AT_CANARYLEN, AT_OSRELDATE, AT_NCPUS, AT_PAGESIZES, AT_PAGESIZESLEN,
 AT_TIMEKEEP, AT_STACKPROT, AT_EHDRFLAGS) = range(15, 25)
AT_BSDFLAGS, AT_ARGC, AT_ARGV, AT_ENVC, AT_ENVV, AT_PS_STRINGS = range(27, 33)
AT_KPRELOAD, AT_USRSTACKBASE, AT_USRSTACKLIM, AT_COUNT = 34, 35, 36, 37
ELF_BSDF_SIGFASTBLK: Final = 1


@dataclass(frozen=True, slots=True)
class Strings:
    """Where exec_copyout_strings puts things, from the top of the stack down."""

    data: bytes
    """What lies from `base` up to the top."""
    base: int
    """The argument count's address."""
    ps_strings: int
    auxv: bytes
    """As far as AT_NULL."""


def lay_out(
    abi: Abi, *, top: int, argv: Sequence[bytes], envp: Sequence[bytes], execpath: bytes,
    canary: bytes, auxiliary: Iterable[tuple[int, int]],
) -> Strings:
    """The contents of a fresh stack that ends at `top`.

    `auxiliary` is the vector in its order; those entries whose values are
    only known here (AT_EXECPATH, AT_ARGV and the like) take them from here.
    """
    word, size = abi.word, abi.size
    down = -size
    packing = PS_STRINGS[abi.bits]
    ps_strings = top - packing.size
    at_path = ps_strings - (len(execpath) + 1)
    if abi.rounds_path:
        at_path &= down
    at_canary = at_path - CANARY_SIZE
    sizes = struct.pack(f"<{len(PAGE_SIZES)}{word}", *PAGE_SIZES)
    at_sizes = at_canary - len(sizes) & down
    text = b"".join(s + b"\0" for s in (*argv, *envp))
    at_text = at_sizes - len(text) & down
    at_auxv = at_text - AT_COUNT * 2 * size
    at_argv = at_auxv - size * (len(argv) + 1 + len(envp) + 1)
    at_envv = at_argv + size * (len(argv) + 1)

    places = {AT_EXECPATH: at_path, AT_CANARY: at_canary, AT_CANARYLEN: CANARY_SIZE,
              AT_PAGESIZES: at_sizes, AT_PAGESIZESLEN: len(sizes),
              AT_ARGC: len(argv), AT_ARGV: at_argv, AT_ENVC: len(envp), AT_ENVV: at_envv,
              AT_PS_STRINGS: ps_strings}
    auxv = b"".join(struct.pack(f"<2{word}", kind, places.get(kind, value))
                    for kind, value in (*auxiliary, (AT_NULL, 0)))

    base = at_argv - size
    image = bytearray(top - base)

    def put(at: int, data: bytes) -> None:
        image[at - base:at - base + len(data)] = data

    put(base, struct.pack(f"<{word}", len(argv)))
    put(at_argv, _pointers(word, argv, at_text))
    put(at_envv, _pointers(word, envp, at_text + sum(len(s) + 1 for s in argv)))
    put(at_auxv, auxv)
    put(at_text, text)
    put(at_sizes, sizes)
    put(at_canary, canary)
    put(at_path, execpath + b"\0")
    put(ps_strings, packing.pack(at_argv, len(argv), at_envv, len(envp)))
    return Strings(bytes(image), base, ps_strings, auxv)


def _pointers(word: str, strings: Sequence[bytes], at: int) -> bytes:
    """The addresses of strings that follow one another, and a null pointer."""
    addresses = []
    for s in strings:
        addresses.append(at)
        at += len(s) + 1
    return struct.pack(f"<{len(addresses) + 1}{word}", *addresses, 0)


# -- the address space of a new program --------------------------------------
def limit(p: Proc, abi: Abi, which: int) -> tuple[int, int]:
    """A resource limit; of a 32-bit program at most what such a one can have (sv_fixlimit)."""
    soft, hard = limits.limit(p, which)
    if abi.bits == 64:
        return soft, hard
    most = {limits.DATA: abi.maxdsiz, limits.STACK: abi.maxssiz}[which]
    return min(soft, most), min(hard, most)


def _setting(system: System, abi: Abi, name: str, known: int) -> int:
    """A sysctl that counts for the next program, if it is a 64-bit one, in whole pages."""
    size = int(system.settings.get(name, known)) if abi.bits == 64 else known
    return max(PAGE, size & -PAGE)


def entropy(system: System, p: Proc, what: str) -> random.Random:
    """arc4random for one execve: the same on every run of the same history."""
    return random.Random(f"{system.boot_time} {p.pid} {system.clock} {what}")


def decide(system: System, p: Proc, image: Image) -> aslr.Decision:
    """What the new address space will be like."""
    return aslr.decide(system, p, dynamic=image.pie, bits=image.bits, fctl0=image.fctl)


def image_base(system: System, p: Proc, image: Image) -> int:
    """Where a position-independent image goes, 0 for any other."""
    abi = ELF32 if image.bits == 32 else ELF64
    decision = decide(system, p, image)
    enforce_limits(system, p, image)
    if not image.pie or image.segments[0].vaddr:
        return 0
    if not decision.random_base:
        return int(system.settings.get(f"kern.elf{abi.bits}.pie_base", abi.load_address))
    size = sum(s.memsz for s in image.segments)
    low = PAGE + size + limit(p, abi, limits.DATA)[1]
    align = max(PAGE, *(s.align for s in image.segments))
    return _random_base(entropy(system, p, "base"), low, _top(p, abi, decision) // 2, align)


def enforce_limits(system: System, p: Proc, image: Image) -> None:
    """ENOMEM for parts that are larger than they may be, ENOEXEC for a program of a later
    FreeBSD if such are not wanted."""
    text = data = whole = 0
    for part in image.segments:
        size = -(-(part.vaddr + part.memsz) // PAGE) * PAGE - (part.vaddr & -PAGE)
        if part.flags & EXEC and text < size:
            text = size
        else:
            data = size
        whole += size
    if (data > limits.limit(p, limits.DATA)[0] or whole > limits.limit(p, limits.VMEM)[0]
            or text > int(system.settings.get("kern.maxtsiz", MAXTSIZ))):
        raise Refused(ENOMEM)
    if system.settings.get("kern.disallow_high_osrel", 0) and (
            (image.osrel or 0) // OSREL_MAJOR > system.osreldate // OSREL_MAJOR):
        raise Refused(ENOEXEC)


def _top(p: Proc, abi: Abi, decision: aslr.Decision) -> int:
    """Where what a random place is sought for has to end: below a stack that has none."""
    if decision.map_flags & MapFlag.ASLR_STACK:
        return abi.usrstack
    return abi.usrstack - limit(p, abi, limits.STACK)[1]


def linker_base(system: System, p: Proc, image: Image, loaded: Loaded, linker: Image) -> int:
    """Where the program's interpreter goes: behind its data, however they may grow."""
    abi = ELF32 if image.bits == 32 else ELF64
    decision = decide(system, p, image)
    low = -(-(data_start(image, loaded) + limit(p, abi, limits.DATA)[1]) // PAGE) * PAGE
    if not decision.map_flags & MapFlag.ASLR:
        return low
    high = _top(p, abi, decision) // 2 + low // 2
    return _random_base(entropy(system, p, "linker"), low, high, PAGE)


def _random_base(source: random.Random, low: int, high: int, align: int) -> int:
    """rnd_elf_base: a multiple of `align` in that range."""
    if low + align >= high:
        raise Refused(ENOEXEC)
    base = -(-low // align) * align + source.getrandbits(64) % (high - low) & -align
    return base - align if base >= high else base


def setup_stack(system: System, p: Proc, image: Image, loaded: Loaded, argv: Sequence[bytes],
                envp: Sequence[bytes], execpath: str) -> int:
    """Map the shared page and the stack, and write on it what the program is
    to find there.  The address of its argument count, for exec_setregs.

    Sets what the process has of its program's kind: `Proc.sysent`,
    `map_flags`, `fctl0`, `sigtramp` and where its stack and strings are.
    """
    space = p.space
    assert space is not None
    abi = ELF32 if image.bits == 32 else ELF64

    def default(name: str) -> int:
        return int(system.settings.get(f"kern.elf{abi.bits}.{name}", 1))

    p.sysent = abi.name
    p.map_flags, p.fctl0 = decide(system, p, image).map_flags, image.fctl
    source = entropy(system, p, "stack")
    space.map(abi.shared_page, PAGE, READ | EXEC, max_prot=READ | EXEC, backing=abi.shared,
              kind="shared", shared=True)
    top = map_stack(system, p, abi, image, loaded, source)
    strings = lay_out(
        abi, top=top, argv=argv, envp=envp,
        execpath=execpath.encode("utf-8", "surrogateescape"),
        canary=source.randbytes(CANARY_SIZE),
        auxiliary=(
            (AT_PHDR, loaded.phdr), (AT_PHENT, image.phent), (AT_PHNUM, image.phnum),
            (AT_PAGESZ, PAGE), (AT_FLAGS, 0), (AT_ENTRY, loaded.entry),
            (AT_BASE, loaded.base if loaded.linker is None else loaded.linker.start),
            (AT_EHDRFLAGS, 0), (AT_EXECPATH, 0), (AT_OSRELDATE, system.osreldate),
            (AT_CANARY, 0), (AT_CANARYLEN, 0), (AT_NCPUS, NCPUS), (AT_PAGESIZES, 0),
            (AT_PAGESIZESLEN, 0), (AT_TIMEKEEP, abi.timekeep),
            (AT_STACKPROT, stack_prot(system, image)),
            (AT_BSDFLAGS, ELF_BSDF_SIGFASTBLK if default("sigfastblock") else 0),
            (AT_ARGC, 0), (AT_ARGV, 0), (AT_ENVC, 0), (AT_ENVV, 0), (AT_PS_STRINGS, 0),
            *(((AT_KPRELOAD, abi.shared_page),) if default("vdso") else ()),
            (AT_USRSTACKBASE, -(-top // PAGE) * PAGE),
            (AT_USRSTACKLIM, limit(p, abi, limits.STACK)[0])))
    space.copyout(strings.base, strings.data)
    p.ps_strings, p.auxv = strings.ps_strings, strings.auxv
    p.args, p.env = list(argv), list(envp)
    p.sigtramp = abi.sigtramp
    return strings.base


def stack_prot(system: System, image: Image) -> int:
    """PT_GNU_STACK's wish; a program without one gets a stack of every right, as do all
    where stacks are executable."""
    if image.stack_flags is None or not system.settings.get(f"kern.elf{image.bits}.nxstack", 1):
        return ALL
    return image.stack_flags


def map_stack(system: System, p: Proc, abi: Abi, image: Image, loaded: Loaded,
              source: random.Random) -> int:
    """exec_map_stack: a little of it, and below that the room it may grow
    into.  Where its strings end."""
    space = p.space
    assert space is not None
    soft, hard = limit(p, abi, limits.STACK)
    size = _setting(system, abi, "kern.maxssiz", abi.maxssiz)
    space.growth = _setting(system, abi, "kern.sgrowsiz", SGROWSIZ)
    if image.stack_size:
        size = min(image.stack_size & -PAGE, hard)
        if size > soft:
            soft = size
            p.rlimits[limits.STACK] = (soft, hard)
    bottom = abi.usrstack - size
    random_place = bool(p.map_flags & MapFlag.ASLR_STACK)
    if random_place:
        after = -(-loaded.data[0] // PAGE) * PAGE + limit(p, abi, limits.DATA)[1]
        found = aslr.place(system, p, space, size, after, after, abi.usrstack)
        if found is None:
            raise Refused(ENOMEM)
        bottom = found
    gap = aslr.stack_gap(system, p) * PAGE
    # Growth ends at the gap or at the limit, whichever comes first.
    space.map_stack(bottom, size, min(space.growth, size), stack_prot(system, image),
                    guard=max(gap, size - soft))
    p.stack_base, p.stack_size = bottom, size
    top = bottom + size
    return top - (source.randrange(PAGE) & -abi.size) if random_place else top
