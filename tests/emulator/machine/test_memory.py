"""Maps, pages and who may touch them."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bsdproc.emulator.machine import (
    EXEC,
    PAGE,
    READ,
    WRITE,
    AddressSpace,
    Context,
    Engine,
    MemoryFault,
    Stop,
    TooLong,
)
from bsdproc.emulator.machine.memory import Overlap

from .programs import DATA, File, Program

BASE = 0x30000000


@pytest.fixture
def space(engine: Engine) -> AddressSpace:
    return AddressSpace(engine=engine)


def ranges(space: AddressSpace) -> list[tuple[int, int, int]]:
    """Start and end in pages from BASE, and protection."""
    return [((e.start - BASE) // PAGE, (e.end - BASE) // PAGE, e.prot) for e in space.entries]


class TestAccess:
    """The rules of proc_rwmem, and of copyin and copyout."""

    def test_a_debugger_reads_what_may_be_read(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ)
        space.map(BASE + PAGE, PAGE, 0)
        assert space.read(BASE + PAGE - 4, 4) == bytes(4)
        with pytest.raises(MemoryFault) as e:
            space.read(BASE + PAGE - 4, 8)
        assert (e.value.done, e.value.address, e.value.mapped) == (4, BASE + PAGE, True)
        with pytest.raises(MemoryFault) as e:
            space.read(BASE + 2 * PAGE, 1)
        assert (e.value.done, e.value.mapped, e.value.write) == (0, False, False)

    def test_a_debugger_writes_read_only_pages(self, space: AddressSpace) -> None:
        file = File(b"text" * 2000)
        space.map(BASE, 2 * PAGE, READ | EXEC, backing=file)
        space.write(BASE + PAGE - 2, b"ABCD")
        assert space.read(BASE + PAGE - 4, 8) == b"teABCDxt"
        assert file.data[:8] == b"texttext"
        [entry] = space.entries
        assert (entry.backing, entry.copied, entry.prot) == (file, True, READ | EXEC)
        with pytest.raises(MemoryFault):
            space.copyout(BASE, b"x")

    def test_pages_without_rights_are_nobodys(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, 0)
        for reading in (space.read, space.copyin):
            with pytest.raises(MemoryFault) as e:
                reading(BASE, 1)
            assert e.value.mapped
        for writing in (space.write, space.copyout):
            with pytest.raises(MemoryFault) as e:
                writing(BASE, b"x")
            assert e.value.mapped

    def test_a_partial_write_says_how_much_it_did(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ | WRITE)
        for write in (space.write, space.copyout):
            with pytest.raises(MemoryFault) as e:
                write(BASE + PAGE - 3, b"12345")
            assert (e.value.done, e.value.write) == (3, True)
            assert space.read(BASE + PAGE - 3, 3) == b"123"

    def test_nothing_is_nothing(self, space: AddressSpace) -> None:
        assert space.read(BASE, 0) == b""
        space.write(BASE, b"")
        with pytest.raises(ValueError, match="-1"):
            space.read(BASE, -1)

    def test_strings(self, space: AddressSpace) -> None:
        space.map(BASE, 2 * PAGE, READ | WRITE)
        space.copyout(BASE + PAGE - 3, b"hello\0")
        assert space.copyinstr(BASE + PAGE - 3, 6) == b"hello"
        assert space.copyinstr(BASE + PAGE + 2, 100) == b""
        with pytest.raises(TooLong):
            space.copyinstr(BASE + PAGE - 3, 5)
        space.copyout(BASE + 2 * PAGE - 2, b"no")
        with pytest.raises(MemoryFault):
            space.copyinstr(BASE + 2 * PAGE - 2, 100)

    def test_the_kernel_fills_what_nobody_may_write(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ, contents=b"given")
        assert space.read(BASE, 6) == b"given\0"
        space.map(BASE + PAGE, PAGE, 0)
        space.fill(BASE + PAGE - 1, b"12")
        assert space.peek(BASE + PAGE, 1) == b"2"


class TestFiles:
    """Pages that come from a file."""

    def test_they_are_read_when_touched(self, space: AddressSpace) -> None:
        file = File(bytes(range(256)) * 48)
        space.map(BASE, 3 * PAGE, READ, backing=file, offset=PAGE)
        assert file.reads == []
        assert space.read(BASE + PAGE + 5, 2) == b"\x05\x06"
        assert file.reads == [(2 * PAGE, PAGE)]
        assert space.resident(space.entries[0]) == 1
        space.peek(BASE, 3 * PAGE)
        assert space.resident(space.entries[0]) == 1

    def test_behind_its_end_a_page_has_zeros(self, space: AddressSpace) -> None:
        space.map(BASE, 2 * PAGE, READ, backing=File(b"short"))
        assert space.read(BASE, 8) == b"short\0\0\0"
        with pytest.raises(MemoryFault) as e:
            space.read(BASE + PAGE, 1)
        assert e.value.pager

    def test_a_part_of_it(self, space: AddressSpace) -> None:
        space.map(BASE, 2 * PAGE, READ | WRITE, backing=File(b"x" * 3 * PAGE), file_size=10)
        assert space.read(BASE, 12) == b"x" * 10 + b"\0\0"
        assert space.read(BASE + PAGE, 4) == bytes(4)

    def test_shared_pages_are_the_same_for_all(self, engine: Engine) -> None:
        file = File(b"common")
        one, other = AddressSpace(engine=engine), AddressSpace(engine=engine)
        for space in (one, other):
            space.map(BASE, PAGE, READ | WRITE, backing=file, shared=True)
        one.write(BASE, b"X")
        assert other.read(BASE, 6) == b"Xommon"
        assert file.data == b"Xommon"
        one.close()
        assert other.read(BASE, 1) == b"X"
        file.data = b"Y" + file.data[1:]
        engine.file_changed(file)
        assert other.read(BASE, 6) == b"Yommon"
        other.close()

    def test_a_programs_stores_reach_the_file(self, program: Program) -> None:
        """With every stop, though the page stays; the file does not grow."""
        space, context = program("8a18" "c60041" "0f05" "c6400142" "0f05", rax=BASE)
        file = File(b"file")
        space.map(BASE, PAGE, READ | WRITE, backing=file, shared=True)
        child = space.fork()
        space.cpu.run(context, 10)
        assert file.data == b"Aile"
        context.set("rax", BASE)
        theirs = context.copy()
        child.cpu.run(theirs, 10)
        assert file.data == b"ABle"
        assert space.read(BASE, 5) == b"ABle\0"
        child.close()

    def test_a_file_that_cannot_be_written(self, space: AddressSpace) -> None:
        class Constant:
            def read_at(self, offset: int, size: int) -> bytes:
                return b"constant"

        with pytest.raises(ValueError, match="write_at"):
            space.map(BASE, PAGE, READ, backing=Constant(), shared=True)
        space.map(BASE, PAGE, READ, backing=Constant(), shared=True, max_prot=READ)
        with pytest.raises(MemoryFault):
            space.write(BASE, b"x")


class TestMap:
    """vm_map's entries."""

    def test_alike_neighbours_are_one(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ)
        space.map(BASE + 2 * PAGE, PAGE, READ)
        space.map(BASE + PAGE, PAGE, READ)
        assert ranges(space) == [(0, 3, READ)]
        space.map(BASE + 3 * PAGE, PAGE, READ | WRITE)
        assert ranges(space) == [(0, 3, READ), (3, 4, READ | WRITE)]

    def test_new_memory_joins_an_object_that_is_there(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ | WRITE)
        space.write(BASE, b"x")
        space.map(BASE + PAGE, PAGE, READ | WRITE)
        assert ranges(space) == [(0, 2, READ | WRITE)]
        assert space.entries[0].has_object

    def test_a_hole(self, space: AddressSpace) -> None:
        space.map(BASE, 5 * PAGE, READ | WRITE)
        space.write(BASE + PAGE, b"1" * 3 * PAGE)
        space.unmap(BASE + 2 * PAGE, PAGE)
        assert ranges(space) == [(0, 2, 3), (3, 5, 3)]
        assert space.entries[1].offset == 3 * PAGE
        assert space.read(BASE + 3 * PAGE, 1) == b"1"
        space.map(BASE + 2 * PAGE, PAGE, 3)
        assert space.read(BASE + 2 * PAGE, 1) == b"\0"

    def test_protection_by_pages(self, space: AddressSpace) -> None:
        space.map(BASE, 3 * PAGE, READ | WRITE)
        space.protect(BASE + PAGE, PAGE, READ)
        assert ranges(space) == [(0, 1, 3), (1, 2, 1), (2, 3, 3)]
        space.protect(BASE + PAGE, PAGE, READ | WRITE)
        assert ranges(space) == [(0, 3, 3)]

    def test_protection_that_may_not_be(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ, max_prot=READ)
        space.map(BASE + 2 * PAGE, PAGE, READ)
        before = space.timestamp
        with pytest.raises(MemoryFault) as e:
            space.protect(BASE, PAGE, READ | WRITE)
        assert e.value.mapped
        with pytest.raises(MemoryFault) as e:
            space.protect(BASE + 2 * PAGE, 2 * PAGE, WRITE)
        assert (e.value.mapped, e.value.address) == (False, BASE + 3 * PAGE)
        assert (ranges(space), space.timestamp) == ([(0, 1, 1), (2, 3, 1)], before)

    def test_the_timestamp_is_the_maps(self, space: AddressSpace) -> None:
        seen = [space.timestamp]
        space.map(BASE, 2 * PAGE, READ | WRITE)
        seen.append(space.timestamp)
        space.protect(BASE, PAGE, READ)
        seen.append(space.timestamp)
        space.unmap(BASE, PAGE)
        seen.append(space.timestamp)
        assert len(set(seen)) == 4
        space.read(BASE + PAGE, 1)
        space.write(BASE + PAGE, b"x")
        assert space.timestamp == seen[-1]

    def test_places(self, space: AddressSpace) -> None:
        low, high = BASE, BASE + 10 * PAGE
        space.map(BASE + PAGE, PAGE, READ)
        space.map(BASE + 4 * PAGE, 2 * PAGE, READ)
        find = space.find_space
        assert find(PAGE, 0, low, high) == BASE
        assert find(2 * PAGE, 0, low, high) == BASE + 2 * PAGE
        assert find(3 * PAGE, 0, low, high) == BASE + 6 * PAGE
        assert find(1, BASE + 4 * PAGE + 1, low, high) == BASE + 6 * PAGE
        assert find(4 * PAGE, BASE + 8 * PAGE, low, high) == BASE + 6 * PAGE
        assert find(5 * PAGE, 0, low, high) is None

    @pytest.mark.parametrize(("start", "size"), [(BASE + 1, PAGE), (0, PAGE), (BASE, 0),
                                                 (BASE, -PAGE), (0x7FFFFFFFF000, 2 * PAGE),
                                                 (1 << 63, PAGE)])
    def test_what_is_no_range(self, space: AddressSpace, start: int, size: int) -> None:
        match = "no pages of user memory"
        with pytest.raises(ValueError, match=match):
            space.map(start, size, READ)
        with pytest.raises(ValueError, match=match):
            space.unmap(start, size)
        with pytest.raises(ValueError, match=match):
            space.protect(start, size, READ)

    def test_not_over_what_is_there(self, space: AddressSpace) -> None:
        space.map(BASE, PAGE, READ)
        with pytest.raises(Overlap):
            space.map(BASE, PAGE, READ, replace=False)
        space.map(BASE, PAGE, WRITE)
        assert ranges(space) == [(0, 1, WRITE)]

    def test_a_stack_grows(self, space: AddressSpace) -> None:
        space.growth = 4 * PAGE
        space.map_stack(BASE, 16 * PAGE, 2 * PAGE, READ | WRITE, guard=PAGE)
        assert ranges(space) == [(0, 14, 0), (14, 16, 3)]
        space.copyout(BASE + 13 * PAGE, b"x")
        assert ranges(space) == [(0, 10, 0), (10, 14, 3), (14, 16, 3)]
        with pytest.raises(MemoryFault):
            space.copyout(BASE, b"x")
        space.copyout(BASE + PAGE, b"x")
        assert space.entries[1].start == BASE + PAGE
        with pytest.raises(MemoryFault):
            space.read(BASE, 1)


class TestFork:
    """vmspace_fork."""

    def test_private_memory_is_each_ones_own(self, program: Program) -> None:
        space, context = program("c60041" "0f05", rax=DATA)
        space.write(DATA, b"both")
        child = space.fork()
        space.cpu.run(context, 10)
        child.write(DATA + 1, b"X")
        assert (space.read(DATA, 4), child.read(DATA, 4)) == (b"Aoth", b"bXth")
        child.close()
        assert space.read(DATA, 4) == b"Aoth"

    def test_a_child_runs_on_its_own_copy(self, program: Program) -> None:
        space, context = program("c60041" "8a18" "0f05", rax=DATA)
        space.write(DATA, b"both")
        child = space.fork()
        theirs = context.copy()
        child.cpu.run(theirs, 10)
        assert (space.read(DATA, 1), child.read(DATA, 1)) == (b"b", b"A")
        assert theirs.get("rbx") == 0x41
        child.close()

    def test_a_breakpoint_stays_on_its_side(self, program: Program) -> None:
        space, context = program("90" "90" "0f05")
        space.cpu.run(context, 1)
        child = space.fork()
        child.write(0x400001, b"\xcc")
        mine, theirs = context.copy(), context.copy()
        assert child.cpu.run(theirs, 10).name == "EXCEPTION"
        assert space.cpu.run(mine, 10).name == "SYSCALL"
        child.close()

    def test_shared_and_inherited(self, engine: Engine) -> None:
        space = AddressSpace(engine=engine)
        space.map(BASE, PAGE, 3, shared=True, kind="shared")
        space.map(BASE + PAGE, 3 * PAGE, 3)
        space.write(BASE, b"a" * 4 * PAGE)
        space.inherit(BASE + PAGE, PAGE, "share")
        space.inherit(BASE + 2 * PAGE, PAGE, "none")
        space.inherit(BASE + 3 * PAGE, PAGE, "zero")
        child = space.fork()
        for page in (0, 1):
            child.write(BASE + page * PAGE, b"b")
            assert space.read(BASE + page * PAGE, 1) == b"b"
        assert child.entry_at(BASE + 2 * PAGE) is None
        assert child.read(BASE + 3 * PAGE, 1) == b"\0"
        assert space.read(BASE + 3 * PAGE, 1) == b"a"
        space.close()
        child.close()


class Model(RuleBasedStateMachine):
    """An address space beside a table of its pages, and forks of it."""

    PAGES = 8

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(4 << 20)
        self.free = len(self.engine.memory)
        self.spaces = [(AddressSpace(engine=self.engine), dict[int, tuple[int, bytes]]())]

    def where(self, page: int) -> int:
        return BASE + page * PAGE

    pages = st.integers(0, PAGES - 1)
    sizes = st.integers(1, 4)
    rights = st.sampled_from([0, READ, READ | WRITE, READ | WRITE | EXEC, READ | EXEC])
    which = st.integers(0, 3)

    @rule(page=pages, size=sizes, prot=rights, which=which)
    def map(self, page: int, size: int, prot: int, which: int) -> None:
        space, table = self.spaces[which % len(self.spaces)]
        space.map(self.where(page), size * PAGE, prot)
        table.update(dict.fromkeys(range(page, page + size), (prot, b"\0")))

    @rule(page=pages, size=sizes, which=which)
    def unmap(self, page: int, size: int, which: int) -> None:
        space, table = self.spaces[which % len(self.spaces)]
        space.unmap(self.where(page), size * PAGE)
        for p in range(page, page + size):
            table.pop(p, None)

    @rule(page=pages, size=sizes, prot=rights, which=which)
    def protect(self, page: int, size: int, prot: int, which: int) -> None:
        space, table = self.spaces[which % len(self.spaces)]
        whole = all(p in table for p in range(page, page + size))
        try:
            space.protect(self.where(page), size * PAGE, prot)
        except MemoryFault:
            assert not whole
            return
        assert whole
        table.update({p: (prot, table[p][1]) for p in range(page, page + size)})

    @rule(page=pages, byte=st.binary(min_size=1, max_size=1), which=which)
    def write(self, page: int, byte: bytes, which: int) -> None:
        space, table = self.spaces[which % len(self.spaces)]
        try:
            space.write(self.where(page), byte)
        except MemoryFault:
            assert not table.get(page, (0,))[0] & READ
            return
        table[page] = (table[page][0], byte)

    @rule(page=pages, byte=st.binary(min_size=1, max_size=1), which=which)
    def execute(self, page: int, byte: bytes, which: int) -> None:
        """The program stores it: mov %al, (%rdi)."""
        space, table = self.spaces[which % len(self.spaces)]
        text = BASE + 0x100 * PAGE
        space.map(text, PAGE, READ | EXEC, contents=b"\x88\x07\x0f\x05")
        context = Context()
        for name, value in (("rip", text), ("rdi", self.where(page)), ("rax", byte[0])):
            context.set(name, value)
        stop = space.cpu.run(context, 10)
        space.unmap(text, PAGE)
        assert (stop is Stop.SYSCALL) == bool(table.get(page, (0,))[0] & WRITE)
        if stop is Stop.SYSCALL:
            table[page] = (table[page][0], byte)

    @rule(which=which)
    def fork(self, which: int) -> None:
        if len(self.spaces) < 4:
            space, table = self.spaces[which % len(self.spaces)]
            self.spaces.append((space.fork(), dict(table)))

    @rule(which=which)
    def exit(self, which: int) -> None:
        if len(self.spaces) > 1:
            space, _ = self.spaces.pop(which % len(self.spaces))
            space.close()

    @invariant()
    def contents_and_map_agree(self) -> None:
        for space, table in self.spaces:
            mapped = {}
            last = 0
            for entry in space.entries:
                assert last <= entry.start < entry.end
                last = entry.end
                for address in range(entry.start, entry.end, PAGE):
                    mapped[(address - BASE) // PAGE] = entry.prot
            assert mapped == {p: prot for p, (prot, _) in table.items()}
            for page, (_, byte) in table.items():
                assert space.peek(self.where(page), 1) == byte

    def teardown(self) -> None:
        for space, _ in self.spaces:
            space.close()
        assert len(self.engine.memory) == self.free
        self.engine.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
