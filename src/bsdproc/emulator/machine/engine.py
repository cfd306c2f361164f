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
from typing import TYPE_CHECKING, Any

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine import boot, segments
from bsdproc.emulator.machine import layout as places
from bsdproc.emulator.machine import registers as regs
from bsdproc.emulator.machine.entries import Backing, MemoryObject
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT, PhysicalMemory
from bsdproc.emulator.machine.state import State
from bsdproc.emulator.machine.traps import NO_VECTOR, VECTOR, Traps

if TYPE_CHECKING:
    from bsdproc.emulator.machine.context import Context
    from bsdproc.emulator.machine.watch import Watch

ffi = uc.ffi

_TRANSLATIONS = 64 << 20
_OWN_STRUCTURE = 4096  # bytes of it that are searched: less than it has
_PAGE_FAULT, _GENERAL_PROTECTION, _DEBUG = 14, 13, 1
_FETCH = 16

_layout: places.Layout | None = None


class EngineError(RuntimeError):
    """Unicorn refused a call, or is not made as this library expects it."""


def check(code: int, what: str) -> None:
    """Raise for a uc_err that is none."""
    if code != uc.UC_ERR_OK:
        raise EngineError(f"{what}: {uc.error_text(code)}")


class _Closed:
    """In the place of the library, once there is nothing left to call it with."""

    def __getattr__(self, name: str) -> Any:
        raise EngineError("the emulated machine is closed")

    def __call__(self, *arguments: object) -> Any:
        raise EngineError("the emulated machine is closed")


def _close(handle: Any, lent: list[Any], memory: PhysicalMemory) -> None:
    uc.library().uc_close(handle)
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
        self._lent: list[Any] = [ffi.from_buffer(self.memory.map)]
        self._finalizer = weakref.finalize(
            self, _close, self.handle, self._lent, self.memory)
        self.selectors, self.software_vectors = selectors, software_vectors
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
        self.code_frames: set[int] = set()
        self.stale: list[tuple[int, int]] = []
        self._shared_files: dict[int, MemoryObject] = {}
        self._word = ffi.new("uint64_t *")
        self._general = regs.word_batch(regs.GENERAL)
        self._special = regs.word_batch(regs.SPECIAL)
        self._fpu = regs.fpu_batch()
        self._words = struct.Struct(f"<{len(regs.GENERAL)}Q")
        self._special_words = struct.Struct(f"<{len(regs.SPECIAL)}Q")
        lib.uc_ctl(self.handle, uc.UC_CTL_TCG_BUFFER_SIZE, ffi.cast("uint32_t", _TRANSLATIONS))
        check(lib.uc_mem_map_ptr(
            self.handle, 0, memory_size, uc.UC_PROT_ALL, self._lent[0]), "memory")
        lib.uc_ctl(self.handle, uc.UC_CTL_USE_EXITS, ffi.cast("int", 1))
        self.traps = Traps(self.handle, clock)
        self.traps.install(self.add_hook, self._lend)
        self._tables = boot.set_up(self.memory, selectors)
        self._own_root = self._tables.own_root
        ring0 = boot.enter_long_mode(self, self._tables)
        self._ring3: dict[int, State] = {}
        for code in (selectors.code64, selectors.code32):
            state = boot.enter_ring3(self, self._tables, ring0, code)
            if state is None:
                raise EngineError(
                    f"Unicorn {uc.version()} does not enter ring 3 with cs {code:#x}")
            self._ring3[code] = state
        self._state = State(self.handle)
        self.use_code(selectors.code64)
        own = ffi.cast("char *", self.handle)
        layout = self._state.layout = _layout or self._measure(own)
        self.traps.measured(self._state)
        self.traps.counter = self.counter = ffi.cast("size_t *", own + layout.counter)
        self.limit = ffi.cast("size_t *", own + layout.limit)

    # -- being set up -------------------------------------------------------
    def callback(self, signature: str, function: Callable[..., object]) -> Any:
        """A C function pointer to `function`, for as long as the caller keeps it.  What
        it raises comes out of the run."""
        return ffi.callback(signature, function, onerror=self.traps.failed)

    def _lend(self, signature: str, function: Callable[..., object]) -> Any:
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
        self.clear_exception()  # it drops translations by address: a fault where nothing is

    def forget_translations(self) -> None:
        """All of them: hooks on memory and code are part of a translation."""
        check(self._lib.uc_ctl(self.handle, uc.UC_CTL_TB_FLUSH), "TB_FLUSH")

    def new_root(self) -> int:
        """A frame that holds a root page table with the engine's pages in it."""
        root = self.memory.allocate()
        self.memory.words[(root << 9) + boot.KERNEL_SLOT] = self._tables.kernel_entry
        return root

    def execute(self, address: int, count: int) -> None:
        """Run instructions of the engine's own."""
        check(self.emu_start(self.handle, address, 0, 0, count), f"{address:#x}")

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
            self._state.save()
            return bytes(self._state.view)

        found = places.measure(register=self.write_register, run=run, state=state,
                               own=lambda: bytes(ffi.buffer(own, _OWN_STRUCTURE)))
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

    def write_structure(self, name: str, value: Any) -> None:
        check(self._lib.uc_reg_write(self.handle, uc.REGISTERS[name], value), name)

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
        state = self._ring3.get(selector)
        if state is None:
            return False
        state.restore()
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

    def exception(self, vector: int) -> tuple[int, bool]:
        """Error code of the exception that stopped the last run, and whether an
        INT instruction made it.  It counts as delivered from here on."""
        state = self._state
        state.save()
        code, from_int = state.exception()
        changed = state.deliver()
        if not (from_int or vector == _DEBUG or self._of_fetching(vector, code)):
            state.settle()
            changed = True
        if changed:
            state.restore()
        return code, from_int

    def _of_fetching(self, vector: int, code: int) -> bool:
        """The exception came before its instruction was begun."""
        if vector == _PAGE_FAULT:
            return bool(code & _FETCH)
        return vector == _GENERAL_PROTECTION and not canonical(self.read_rip())

    def clear_exception(self) -> None:
        """None is in flight any more."""
        self._state.save()
        if self._state.deliver():
            self._state.restore()

    def general_in_hook(self) -> list[int]:
        """The general registers after a hook stopped the run inside an instruction.
        They have to be written back before the next."""
        self._state.save()
        return self._state.general()

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

    def shared_pages(self, backing: Backing) -> dict[int, int] | None:
        """Those of a file that is mapped shared: frames by page."""
        shared = self._shared_files.get(id(backing))
        return shared.pages if shared is not None else None

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
            self.loaded.store()
            self.loaded = None

    def close(self) -> None:
        """Give everything back to the host; idempotent."""
        if self._finalizer.alive:
            self.unload()
            self._finalizer()
            self._lib = self.emu_start = _Closed()


def canonical(address: int) -> bool:
    """An address that the processor has at all: 48 bits, sign extended."""
    return not 1 << 47 <= address < (1 << 64) - (1 << 47)
