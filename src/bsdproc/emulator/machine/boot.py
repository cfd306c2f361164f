"""From Unicorn's flat ring 0 to long mode with user segments, as a kernel's boot code does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine import cpuid, pagetable, segments
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT, PhysicalMemory
from bsdproc.emulator.machine.registers import RFLAGS_AT_START
from bsdproc.emulator.machine.state import State

if TYPE_CHECKING:
    from bsdproc.emulator.machine.engine import Engine

KERNEL_BASE = 0xFFFF_8000_0000_0000
"""Where every root maps the engine's own pages, for ring 0 alone."""
KERNEL_SLOT = 256
_PAGE = pagetable.PRESENT | pagetable.WRITABLE
_GDT, _CODE, _STACK = KERNEL_BASE, KERNEL_BASE + PAGE, KERNEL_BASE + 2 * PAGE
_IRETQ, _XSETBV = 0, 2
_RING0 = bytes.fromhex("48cf" "0f01d1")

_CR0 = 0x8005_0033  # PG AM WP NE ET MP PE
_CR4 = 0x0005_0620  # OSXSAVE FSGSBASE OSXMMEXCPT OSFXSR PAE
_MSR_EFER, _EFER = 0xC000_0080, 0x0D01  # NXE LMA LME SCE


@dataclass(frozen=True, slots=True)
class Tables:
    """What is in memory before the processor starts."""

    kernel_entry: int
    """Of every root, at KERNEL_SLOT."""
    own_root: int
    """A root that also maps physical memory one to one, for ring 3."""
    gdt_limit: int
    frame: int
    """Index of the word where IRETQ's frame is put."""


def set_up(memory: PhysicalMemory, selectors: segments.Selectors) -> Tables:
    """Descriptors, ring 0's three instructions and its stack, and the tables that map them."""
    top, middle, table, descriptors, code, stack, giants, own = (
        memory.allocate() for _ in range(8))
    words = memory.words
    words[top << 9] = middle << PAGE_SHIFT | _PAGE
    words[middle << 9] = table << PAGE_SHIFT | _PAGE
    for index, frame in enumerate((descriptors, code, stack)):
        words[(table << 9) + index] = frame << PAGE_SHIFT | _PAGE
    entries = segments.table(selectors)
    for index, entry in enumerate(entries):
        words[(descriptors << 9) + index] = entry
    memory.bytes[code << PAGE_SHIFT : (code << PAGE_SHIFT) + len(_RING0)] = _RING0
    kernel_entry = top << PAGE_SHIFT | _PAGE
    words[(own << 9) + KERNEL_SLOT] = kernel_entry
    words[own << 9] = giants << PAGE_SHIFT | _PAGE | pagetable.USER
    for index in range(-(-memory.size >> 30)):
        words[(giants << 9) + index] = index << 30 | _PAGE | pagetable.USER | pagetable.LARGE
    return Tables(kernel_entry, own, 8 * len(entries) - 1, (stack << 9) + PAGE // 16)


def enter_long_mode(engine: Engine, tables: Tables) -> State:
    """Turn paging on.  The state of ring 0 when that is done."""
    for name, base, limit in (("gdtr", _GDT, tables.gdt_limit), ("ldtr", 0, 0), ("tr", 0, 0)):
        engine.write_structure(name, uc.ffi.new("uc_x86_mmr *", (0, base, limit, 0)))
    engine.write_structure("msr", uc.ffi.new("uc_x86_msr *", (_MSR_EFER, _EFER)))
    engine.write_register("cr4", engine.read_register("cr4") | _CR4)
    engine.load_root(tables.own_root)
    engine.write_register("cr0", _CR0)
    engine.write_register("cs", segments.KERNEL_CODE)
    for name, value in (("rax", cpuid.XCR0), ("rcx", 0), ("rdx", 0)):
        engine.write_register(name, value)
    engine.execute(_CODE + _XSETBV, 1)
    state = State(engine.handle)
    state.save()
    return state


def enter_ring3(engine: Engine, tables: Tables, ring0: State, code: int) -> State | None:
    """The state in ring 3 with a code segment, reached as kernels do: by IRETQ.  None
    when the processor is not there then."""
    ring0.restore()
    data = engine.selectors.data
    for index, word in enumerate((PAGE, code, RFLAGS_AT_START, 0, data)):
        engine.memory.words[tables.frame + index] = word
    engine.write_register("rsp", _STACK + PAGE // 2)
    engine.execute(_CODE + _IRETQ, 1)
    for name, selector in (("ds", data), ("es", data), ("fs", engine.selectors.fs),
                           ("gs", engine.selectors.gs)):
        engine.write_register(name, selector)
    if engine.read_register("cs") != code or engine.read_register("rip") != PAGE:
        return None
    state = State(engine.handle)
    state.save()
    return state
