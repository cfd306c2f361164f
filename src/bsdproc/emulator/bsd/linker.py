"""The interpreter that a dynamically linked program names, and that the kernel starts in
its place: __elfN(load_interp) of imgact_elf.c, elf_load_file of NetBSD's exec_elf.c."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bsdproc.emulator import elf
from bsdproc.emulator.errno import ENOENT, ENOEXEC, Refused
from bsdproc.emulator.machine.memory import PAGE, AddressSpace

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.bsd.system import System
    from bsdproc.emulator.vfs import Vnode

Find = Callable[[str], "Vnode"]
"""The file of that path, if it may be executed."""


def load_program(system: System, p: Proc, space: AddressSpace, image: elf.Image, vnode: Vnode,
                 base: int, find: Find) -> tuple[elf.Loaded, Vnode | None]:
    """Map a program and, beside it, its interpreter, whose file comes with where they lie.
    ENOEXEC for what does not fit user memory."""
    try:
        loaded = elf.load(space, image, vnode, base)
    except elf.BadElf as e:
        raise Refused(ENOEXEC, str(e)) from None
    if image.interpreter is None:
        return loaded, None
    error = Refused(ENOENT)
    for path in system.linker_paths(image):
        try:
            found = find(path)
            linker = _load(system, p, space, (image, loaded), found, path)
        except Refused as e:
            error = Refused(e.errno, _what_is_wrong(path, e))
        else:
            return replace(loaded, linker=linker), found
    raise error


def complaint(path: str, e: Refused, *, fatal: bool) -> str:
    """What the user is told of a program that could not be loaded."""
    end = "; the old program is gone by then, and SIGABRT ends the process" if fatal else ""
    return f"execve {path}: {e}{f': {e.why}' if e.why else ''}{end}"


def _what_is_wrong(path: str, e: Refused) -> str:
    if e.errno == ENOENT:
        return (f"{path}, its interpreter, is not there; install it, and the libraries that it"
                " is to load")
    return f"{path}, its interpreter, cannot be executed{f' ({e.why})' if e.why else ''}"


def _load(system: System, p: Proc, space: AddressSpace, program: tuple[elf.Image, elf.Loaded],
          vnode: Vnode, path: str) -> elf.Loaded:
    try:
        image = elf.parse(vnode.contents(), path)
        if image.machine != program[0].machine:
            raise elf.BadElf(f"it is for {image.machine}")
        base = system.machdep.linker_base(system, p, *program, image) if image.pie else 0
        loaded = elf.load(space, image, vnode, base, beside=True)
    except elf.BadElf as e:
        raise Refused(ENOEXEC, str(e)) from None
    if system.closes_holes:
        _close_holes(space, image, base)
    return loaded


def _close_holes(space: AddressSpace, image: elf.Image, base: int) -> None:
    """Between its segments there is nothing for anybody."""
    for before, behind in pairwise(image.segments):
        start = base + before.vaddr + before.memsz + PAGE - 1 & -PAGE
        end = base + behind.vaddr & -PAGE
        if start < end:
            space.map(start, end - start, 0)
