"""One emulated processor with its physical memory: a Unicorn instance set up as a kernel would.

Long mode with paging, user code in ring 3: page faults, privileged
instructions, bad selectors and non-canonical addresses are then found by the
processor itself, and an address space is a page-table root, not a Unicorn
instance of its own.  The address spaces of one emulated system share an
engine; to go from one to another is to load CR3.
"""

from __future__ import annotations

import struct
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine import cpuid, pagetable, segments
from bsdproc.emulator.machine import layout as places
from bsdproc.emulator.machine import registers as regs
from bsdproc.emulator.machine.entries import Backing, MemoryObject
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT, PhysicalMemory

if TYPE_CHECKING:
    from bsdproc.emulator.machine.context import Context
    from bsdproc.emulator.machine.watch import Watch

ffi = uc.ffi

KERNEL_BASE = 0xFFFF_8000_0000_0000
"""Where every root maps the engine's own pages, for ring 0 alone."""
KERNEL_SLOT = 256
_KERNEL_PAGE = pagetable.PRESENT | pagetable.WRITABLE
_GDT, _CODE, _STACK = KERNEL_BASE, KERNEL_BASE + PAGE, KERNEL_BASE + 2 * PAGE
_IRETQ, _XSETBV = 0, 2
_RING0 = bytes.fromhex("48cf" "0f01d1")

_CR0 = 0x8005_0033  # PG AM WP NE ET MP PE
_CR4 = 0x0005_0620  # OSXSAVE FSGSBASE OSXMMEXCPT OSFXSR PAE
_MSR_EFER, _EFER = 0xC000_0080, 0x0D01  # NXE LMA LME SCE
_TRANSLATIONS = 64 << 20
_OWN_STRUCTURE = 4096  # bytes of it that are searched: less than it has
_HOOKED = struct.Struct("=iIi")
VECTOR, NO_VECTOR = 1, 0xFFFF_FFFF
_READ_INT = struct.Struct("@i").unpack_from

_layout: places.Layout | None = None


class EngineError(RuntimeError):
    """Unicorn refused a call, or is not made as this library expects it."""


def check(code: int, what: str) -> None:
    """Raise for a uc_err that is none."""
    if code != uc.UC_ERR_OK:
        raise EngineError(f"{what}: {uc.error_text(code)}")


class _Traps:
    """What the hooks leave behind.  It has no reference to the engine, so that an
    engine which nobody holds is freed at once."""

    def __init__(self, handle: Any, clock: Callable[[], int]) -> None:
        self.handle = handle
        self.interrupt = ffi.new("uint32_t[4]")
        """What the interrupt hook was given: [VECTOR] is NO_VECTOR until it was called."""
        self.refused = 0
        self.before_refused = ffi.NULL
        self.counter: Any = None
        self.watched = 0
        self.raised: BaseException | None = None
        self.clock = clock
        self.emu_stop = uc.library().uc_emu_stop

    @property
    def vector(self) -> int:
        """The exception that stopped the run; -1 for none."""
        vector = int(self.interrupt[VECTOR])
        return -1 if vector == NO_VECTOR else vector

    def refuse(self, *_: Any) -> int:
        """An instruction that Unicorn would execute though ring 3 may not: IN, OUT
        (no system here gives I/O ports away) and SYSENTER (none sets it up)."""
        uc.library().uc_context_save(self.handle, self.before_refused)
        self.interrupt[VECTOR], self.refused = 13, self.counter[0]
        self.emu_stop(self.handle)
        return 0

    def rdtsc(self, _: Any, __: Any) -> int:
        ticks = self.clock()
        self._write(rax=ticks & 0xFFFF_FFFF, rdx=ticks >> 32 & 0xFFFF_FFFF)
        return 1

    def rdtscp(self, _: Any, __: Any) -> int:
        self.rdtsc(_, __)
        self._write(rcx=0)
        return 1

    def cpuid(self, _: Any, __: Any) -> int:
        value = ffi.new("uint64_t *")
        asked = []
        for name in ("rax", "rcx"):
            uc.library().uc_reg_read(self.handle, uc.REGISTERS[name], value)
            asked.append(value[0] & 0xFFFF_FFFF)
        rax, rbx, rcx, rdx = cpuid.cpuid(*asked)
        self._write(rax=rax, rbx=rbx, rcx=rcx, rdx=rdx)
        return 1

    def _write(self, **values: int) -> None:
        for name, value in values.items():
            uc.library().uc_reg_write(
                self.handle, uc.REGISTERS[name], ffi.new("uint64_t *", value))

    def failed(self, _: object, value: BaseException, __: TracebackType | None) -> None:
        """An exception in a hook: stop, and let the run raise it."""
        self.raised = value
        self.emu_stop(self.handle)


class _Closed:
    """In the place of the library, once there is nothing left to call it with."""

    def __getattr__(self, name: str) -> Any:
        raise EngineError("the emulated machine is closed")

    def __call__(self, *arguments: object) -> Any:
        raise EngineError("the emulated machine is closed")


def _close(handle: Any, contexts: list[Any], lent: list[Any], memory: PhysicalMemory) -> None:
    lib = uc.library()
    for context in contexts:
        lib.uc_context_free(context)
    lib.uc_close(handle)
    lent.clear()
    memory.close()


class Engine:
    """A processor and `memory_size` bytes of memory, which the host lends as they are touched.

    `clock` gives what RDTSC reads.  `software_vectors` are those that INT may
    raise: the gates that the system's interrupt table opens to ring 3.  An
    engine is used by one thread at a time.
    """

    def __init__(self, memory_size: int = 1 << 30, *,
                 clock: Callable[[], int] = lambda: 0,
                 selectors: segments.Selectors = segments.FREEBSD,
                 software_vectors: frozenset[int] = frozenset({3, 4, 0x80})) -> None:
        lib = self._lib = uc.library()
        opened = ffi.new("uc_engine **")
        check(lib.uc_open(uc.UC_ARCH_X86, uc.UC_MODE_64, opened), "uc_open")
        self.handle = opened[0]
        self.memory = PhysicalMemory(memory_size)
        contexts: list[Any] = []
        lent: list[Any] = [ffi.from_buffer(self.memory.map)]
        self._contexts, self._lent = contexts, lent
        self._finalizer = weakref.finalize(
            self, _close, self.handle, contexts, lent, self.memory)
        self.selectors, self.software_vectors = selectors, software_vectors
        self.traps = _Traps(self.handle, clock)
        self.emu_start = lib.uc_emu_start
        self.loaded: Context | None = None
        self.unfinished: Context | None = None
        """Whose run nobody was told the end of yet."""
        self.watch: Watch | None = None
        self.passing = False
        """The instruction that the run begins with does not hit an execution watchpoint."""
        self.special: list[int] | None = None
        self.fpu: bytes | None = None
        """What the processor has in these, where known."""
        self.root = 0
        self.spaces = 0
        self.close_with_last = False
        self._shared_files: dict[int, MemoryObject] = {}
        self.code_frames: set[int] = set()
        self.stale: list[tuple[int, int]] = []
        self._word = ffi.new("uint64_t *")
        self._general = regs.word_batch(regs.GENERAL)
        self._special = regs.word_batch(regs.SPECIAL)
        self._fpu = regs.fpu_batch()
        self._words = struct.Struct(f"<{len(regs.GENERAL)}Q")
        self._special_words = struct.Struct(f"<{len(regs.SPECIAL)}Q")
        lib.uc_ctl(self.handle, uc.UC_CTL_TCG_BUFFER_SIZE, ffi.cast("uint32_t", _TRANSLATIONS))
        check(lib.uc_mem_map_ptr(self.handle, 0, memory_size, uc.UC_PROT_ALL, lent[0]), "memory")
        lib.uc_ctl(self.handle, uc.UC_CTL_USE_EXITS, ffi.cast("int", 1))
        self._add_hooks()
        self._set_up_roots()
        self._enter_long_mode()
        self._ring3 = {code: self._user_context(code)
                       for code in (selectors.code64, selectors.code32)}
        self.traps.before_refused = self._new_context()
        self._state = self._new_context()
        self._state_view = ffi.buffer(
            ffi.cast("char *", self._state), int(lib.uc_context_size(self.handle)))
        self.use_code(selectors.code64)
        own = ffi.cast("char *", self.handle)
        self._layout = _layout or self._measure(own)
        self.traps.counter = self.counter = ffi.cast("size_t *", own + self._layout.counter)
        self.limit = ffi.cast("size_t *", own + self._layout.limit)

    # -- being set up -------------------------------------------------------
    def callback(self, signature: str, function: Callable[..., object]) -> Any:
        """A C function pointer to `function`, for as long as the caller keeps it.  What
        it raises comes out of the run."""
        return ffi.callback(signature, function, onerror=self.traps.failed)

    def lend(self, signature: str, function: Callable[..., object]) -> Any:
        """One that lives as long as the engine."""
        callback = self.callback(signature, function)
        self._lent.append(callback)
        return callback

    def add_hook(self, kind: int, callback: Any, *, begin: int = 1, end: int = 0,
                 instruction: int = 0) -> int:
        """uc_hook_add; the number is for `remove_hook`."""
        number = ffi.new("size_t *")
        check(self._lib.uc_hook_add(
            self.handle, number, kind, ffi.cast("void *", callback), ffi.NULL,
            ffi.cast("uint64_t", begin), ffi.cast("uint64_t", end),
            ffi.cast("int", instruction)), "uc_hook_add")
        return int(number[0])

    def remove_hook(self, number: int) -> None:
        check(self._lib.uc_hook_del(self.handle, number), "uc_hook_del")
        self.exception()  # it drops translations by address, and faults where nothing is mapped

    def forget_translations(self) -> None:
        """All of them: hooks on memory and code are part of a translation."""
        check(self._lib.uc_ctl(self.handle, uc.UC_CTL_TB_FLUSH), "TB_FLUSH")

    def _add_hooks(self) -> None:
        traps = self.traps
        # A system call needs no Python at all: uc_emu_stop itself is the hook.
        stop = ffi.addressof(self._lib, "uc_emu_stop")
        self.add_hook(uc.UC_HOOK_INSN, stop, instruction=uc.UC_X86_INS_SYSCALL)
        # Nor does an exception need bytecode, in which Ctrl-C would be let in: the hook
        # packs what it is given, the vector second.
        note = partial(_HOOKED.pack_into, ffi.buffer(traps.interrupt), 0)
        self.add_hook(uc.UC_HOOK_INTR, self.lend("void(int8_t, uint32_t, int8_t)", note))
        self.add_hook(uc.UC_HOOK_INTR, stop)
        for instruction, arguments in (
                (uc.UC_X86_INS_SYSENTER, "void *, void *"),
                (uc.UC_X86_INS_IN, "void *, uint32_t, int, void *"),
                (uc.UC_X86_INS_OUT, "void *, uint32_t, int, uint32_t, void *")):
            self.add_hook(uc.UC_HOOK_INSN, self.lend(f"int({arguments})", traps.refuse),
                          instruction=instruction)
        for instruction, function in ((uc.UC_X86_INS_RDTSC, traps.rdtsc),
                                      (uc.UC_X86_INS_RDTSCP, traps.rdtscp),
                                      (uc.UC_X86_INS_CPUID, traps.cpuid)):
            self.add_hook(uc.UC_HOOK_INSN, self.lend("int(void *, void *)", function),
                          instruction=instruction)

    def _set_up_roots(self) -> None:
        """The tables that every root shares, and a root of the engine's own that
        maps physical memory one to one (for `_forget_stale`)."""
        memory = self.memory
        top, middle, table, descriptors, code, stack, giants = (
            memory.allocate() for _ in range(7))
        words = memory.words
        self._kernel_entry = top << PAGE_SHIFT | _KERNEL_PAGE
        words[top << 9] = middle << PAGE_SHIFT | _KERNEL_PAGE
        words[middle << 9] = table << PAGE_SHIFT | _KERNEL_PAGE
        for index, frame in enumerate((descriptors, code, stack)):
            words[(table << 9) + index] = frame << PAGE_SHIFT | _KERNEL_PAGE
        entries = segments.table(self.selectors)
        for index, entry in enumerate(entries):
            words[(descriptors << 9) + index] = entry
        self._gdt_limit = 8 * len(entries) - 1
        memory.bytes[code << PAGE_SHIFT : (code << PAGE_SHIFT) + len(_RING0)] = _RING0
        self._frame = (stack << 9) + PAGE // 16
        self._own_root = self.new_root()
        words[self._own_root << 9] = giants << PAGE_SHIFT | _KERNEL_PAGE | pagetable.USER
        for index in range(-(-memory.size >> 30)):
            words[(giants << 9) + index] = (
                index << 30 | _KERNEL_PAGE | pagetable.USER | pagetable.LARGE)

    def new_root(self) -> int:
        """A frame that holds a root page table with the engine's pages in it."""
        root = self.memory.allocate()
        self.memory.words[(root << 9) + KERNEL_SLOT] = self._kernel_entry
        return root

    def _enter_long_mode(self) -> None:
        for name, base, limit in (("gdtr", _GDT, self._gdt_limit), ("ldtr", 0, 0), ("tr", 0, 0)):
            value = ffi.new("uc_x86_mmr *", (0, base, limit, 0))
            check(self._lib.uc_reg_write(self.handle, uc.REGISTERS[name], value), name)
        efer = ffi.new("uc_x86_msr *", (_MSR_EFER, _EFER))
        check(self._lib.uc_reg_write(self.handle, uc.REGISTERS["msr"], efer), "EFER")
        self.write_register("cr4", self.read_register("cr4") | _CR4)
        self.load_root(self._own_root)
        self.write_register("cr0", _CR0)
        self.write_register("cs", segments.KERNEL_CODE)
        for name, number in (("rax", cpuid.XCR0), ("rcx", 0), ("rdx", 0)):
            self.write_register(name, number)
        check(self.emu_start(self.handle, _CODE + _XSETBV, 0, 0, 1), "XSETBV")
        self._ring0 = self._new_context()
        self._lib.uc_context_save(self.handle, self._ring0)

    def _new_context(self) -> Any:
        made = ffi.new("uc_context **")
        check(self._lib.uc_context_alloc(self.handle, made), "uc_context_alloc")
        self._contexts.append(made[0])
        return made[0]

    def _user_context(self, code: int) -> Any:
        """The state in ring 3 with a code segment, reached as kernels do: by IRETQ."""
        self._lib.uc_context_restore(self.handle, self._ring0)
        data = self.selectors.data
        for index, word in enumerate((PAGE, code, regs.RFLAGS_AT_START, 0, data)):
            self.memory.words[self._frame + index] = word
        self.write_register("rsp", _STACK + PAGE // 2)
        check(self.emu_start(self.handle, _CODE + _IRETQ, 0, 0, 1), "IRETQ")
        for name, selector in (("ds", data), ("es", data), ("fs", self.selectors.fs),
                               ("gs", self.selectors.gs)):
            self.write_register(name, selector)
        if self.read_register("cs") != code or self.read_register("rip") != PAGE:
            raise EngineError(f"Unicorn {uc.version()} does not enter ring 3 with cs {code:#x}")
        context = self._new_context()
        self._lib.uc_context_save(self.handle, context)
        return context

    def _measure(self, own: Any) -> places.Layout:
        global _layout
        page = self.memory.allocate()
        start = page << PAGE_SHIFT
        self.memory.bytes[start : start + len(places.PROGRAM)] = places.PROGRAM

        def run(offset: int, limit: int) -> int:
            self.traps.interrupt[VECTOR] = NO_VECTOR
            self.emu_start(self.handle, start + offset, 0, 0, limit)
            return self.traps.vector

        def state() -> bytes:
            self._lib.uc_context_save(self.handle, self._state)
            return bytes(self._state_view)

        found = places.measure(
            debug_register=lambda n, value: self.write_register(f"dr{n}", value),
            run=run, state=state, own=lambda: bytes(ffi.buffer(own, _OWN_STRUCTURE)))
        if found is None:
            raise EngineError(
                f"Unicorn {uc.version()} keeps its state in a way unknown to this library")
        self.use_code(self.selectors.code64)
        self.code_frames.add(page)
        self.free_frame(page)
        _layout = found
        return found

    # -- registers ----------------------------------------------------------
    def read_register(self, name: str) -> int:
        """One of any kind that fits 64 bits."""
        word = self._word
        word[0] = 0
        check(self._lib.uc_reg_read(self.handle, uc.REGISTERS[name], word), name)
        return int(word[0])

    def write_register(self, name: str, value: int) -> None:
        self._word[0] = value
        check(self._lib.uc_reg_write(self.handle, uc.REGISTERS[name], self._word), name)

    def read_rip(self) -> int:
        word = self._word
        self._lib.uc_reg_read(self.handle, 41, word)
        return int(word[0])

    def read_general(self) -> list[int]:
        batch = self._general
        self._lib.uc_reg_read_batch(self.handle, batch.ids, batch.places, batch.count)
        return list(self._words.unpack_from(batch.view))

    def write_general(self, values: Sequence[int]) -> None:
        batch = self._general
        self._words.pack_into(batch.view, 0, *values)
        self._lib.uc_reg_write_batch(self.handle, batch.ids, batch.places, batch.count)

    def read_special(self) -> list[int]:
        batch = self._special
        self._lib.uc_reg_read_batch(self.handle, batch.ids, batch.places, batch.count)
        values = list(self._special_words.unpack_from(batch.view))
        self.special = values.copy()
        return values

    def write_special(self, values: Sequence[int], current: Sequence[int]) -> bool:
        """Load the segment registers but CS and SS, those that differ from the
        `current` ones.  False when the processor faults on a selector (all that
        are good are loaded)."""
        good = True
        self.special = None
        reload = [name for name, value, old in zip(
            regs.SPECIAL, values, current, strict=True) if value != old]
        for name, base in (("fs", "fs_base"), ("gs", "gs_base")):
            if name in reload and base not in reload:
                reload.append(base)
        for name in reload:
            if name not in ("cs", "ss"):
                self._word[0] = values[regs.SPECIAL_INDEX[name]]
                if self._lib.uc_reg_write(self.handle, uc.REGISTERS[name], self._word):
                    good = False
        return good

    def use_code(self, selector: int) -> bool:
        """Enter this code segment of ring 3, with registers as they fall; False
        when there is no such segment."""
        context = self._ring3.get(selector)
        if context is None:
            return False
        self._lib.uc_context_restore(self.handle, context)
        self.load_root(self.root)
        return True

    def read_fpu(self) -> bytes:
        batch = self._fpu
        self._lib.uc_reg_read_batch(self.handle, batch.ids, batch.places, batch.count)
        self.fpu = image = regs.image_from(batch)
        return image

    def write_fpu(self, image: bytes) -> None:
        batch = self._fpu
        regs.image_into(batch, image)
        self._lib.uc_reg_write_batch(self.handle, batch.ids, batch.places, batch.count)
        self.fpu = image

    def exception(self) -> tuple[int, bool]:
        """Error code of the exception that stopped the last run, and whether an
        INT instruction made it.  It counts as delivered from here on."""
        lib, view, at = self._lib, self._state_view, self._layout
        lib.uc_context_save(self.handle, self._state)
        if _READ_INT(view, at.old_exception)[0] != -1:
            struct.pack_into("@i", view, at.old_exception, -1)
            lib.uc_context_restore(self.handle, self._state)
        return _READ_INT(view, at.error_code)[0], bool(_READ_INT(view, at.is_int)[0])

    # -- watchpoints --------------------------------------------------------
    def use_watch(self, watch: Watch | None) -> None:
        """Make these the watchpoints of what runs next."""
        if self.watch is not watch and self.watch is not None:
            self.watch.disarm()
        self.watch = watch
        if watch is not None:
            watch.arm()

    def hit(self, bit: int, *, before: bool) -> None:
        """A watchpoint: end the run now (`before` its instruction) or behind the instruction."""
        traps = self.traps
        if before:
            begun = self.counter[0]
            if begun > self.limit[0] or (begun == 1 and self.passing):
                return
            self._lib.uc_emu_stop(self.handle)
        else:
            self.limit[0] = self.counter[0]
        traps.watched |= bit

    def undo_refused(self) -> None:
        """Take back what a refused instruction did."""
        self.traps.refused = 0
        self._lib.uc_context_restore(self.handle, self.traps.before_refused)

    # -- address spaces -----------------------------------------------------
    def load_root(self, root: int) -> None:
        """Load CR3, which also forgets every cached translation of an address."""
        self.root = root
        self._word[0] = root << PAGE_SHIFT
        self._lib.uc_reg_write(self.handle, 53, self._word)

    def leave_root(self, root: int) -> None:
        """This root's tables change or go: load them anew before they are used."""
        if self.root == root:
            self.load_root(self._own_root)

    def free_frame(self, frame: int) -> None:
        """One holder less of a page; code that was in it is forgotten with the last."""
        if self.memory.free(frame) and frame in self.code_frames:
            self.code_frames.discard(frame)
            self.stale.append((frame << PAGE_SHIFT, PAGE))

    def wrote(self, frame: int, offset: int, size: int) -> None:
        """Somebody but the processor wrote there: translations of it are out of date."""
        if frame in self.code_frames:
            self.stale.append(((frame << PAGE_SHIFT) + offset, size))

    def forget_stale(self) -> None:
        """Drop the translations of what was written or freed."""
        self.load_root(self._own_root)
        for start, size in self.stale:
            self._lib.uc_ctl(self.handle, uc.UC_CTL_TB_REMOVE_CACHE,
                             ffi.cast("uint64_t", start), ffi.cast("uint64_t", start + size))
        self.stale.clear()

    def shared_object(self, backing: Backing | None) -> MemoryObject:
        """The pages that all who map a file shared have in common; new ones without a file."""
        if backing is None:
            return MemoryObject()
        return self._shared_files.setdefault(id(backing), MemoryObject(backing))

    def release_object(self, memory: MemoryObject) -> None:
        """One reference less; with the last its pages go."""
        memory.references -= 1
        if memory.references == 0:
            for frame in memory.pages.values():
                self.free_frame(frame)
            memory.pages.clear()
            if self._shared_files.get(id(memory.backing)) is memory:
                del self._shared_files[id(memory.backing)]

    def file_changed(self, backing: Backing) -> None:
        """Somebody wrote to a file by other ways than a mapping: mappings of it that are
        shared have the new contents."""
        shared = self._shared_files.get(id(backing))
        for index, frame in shared.pages.items() if shared is not None else ():
            start = frame << PAGE_SHIFT
            self.memory.bytes[start : start + PAGE] = backing.read_at(
                index << PAGE_SHIFT, PAGE).ljust(PAGE, b"\0")
            self.wrote(frame, 0, PAGE)

    # -- its end ------------------------------------------------------------
    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def unload(self) -> None:
        """Give the loaded context its registers back."""
        if self.loaded is not None:
            self.loaded.store(self)
            self.loaded = None

    def close(self) -> None:
        """Give everything back to the host; idempotent."""
        if self._finalizer.alive:
            self.unload()
            self._finalizer()
            self._lib = self.emu_start = _Closed()
