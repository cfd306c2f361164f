"""How many system calls an old value of sysctl(3) takes, and that it is whole.

The native kernel's, over a library that answers as a kernel does about small values,
tables, and tables that grow."""

from __future__ import annotations

import errno as host
from typing import Any

import pytest
from tests.kernel.test_arguments import recorded

from bsdproc.kernel.errors import KernelError

PAGE = 4096
ENOMEM, ESRCH = 12, 3


def contents(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


class Node:
    """What a kernel does for sysctl(3) about one node.

    `sizes` are those of its value at each call in turn, the last for ever.  Records
    are of `record` bytes; with `quiet` those that do not fit are left out without an
    error, as FreeBSD does in kern.proc.filedesc."""

    def __init__(self, *sizes: int, quiet: bool = False, record: int = 1) -> None:
        self.sizes = list(sizes)
        self.quiet = quiet
        self.record = record
        self.rooms: list[int] = []
        """The room that each call had."""
        self.kernel, self._recorder = recorded()
        self._recorder.__dict__["bsdproc_sysctl"] = self._call

    def _call(self, mib: Any, length: int, old: int, size: Any, new: Any, new_length: int) -> int:
        ffi = self._recorder.ffi
        value = contents(self.sizes[0])
        if len(self.sizes) > 1:
            del self.sizes[0]
        self.rooms.append(size[0] if old else 0)
        if not old:
            size[0] = len(value)
            return 0
        fits = value if size[0] >= len(value) else value[: size[0] // self.record * self.record]
        ffi.memmove(ffi.cast("char *", old), fits, len(fits))
        size[0] = len(fits)
        if len(fits) < len(value) and not self.quiet:
            ffi.errno = ENOMEM
            return -1
        return 0

    def fetch(self) -> bytes:
        return self.kernel.sysctl([1, 14, 7, 100])


@pytest.mark.parametrize("size", [0, 1, 300, PAGE // 2])
def test_a_small_value_is_one_call(size: int) -> None:
    node = Node(size)
    assert node.fetch() == contents(size)
    assert node.rooms == [PAGE]


def test_a_large_value_is_sized_first_the_next_time() -> None:
    node = Node(3 * PAGE)
    assert node.fetch() == contents(3 * PAGE)
    assert len(node.rooms) == 3
    assert node.fetch() == contents(3 * PAGE)
    assert [bool(room) for room in node.rooms[3:]] == [False, True]
    node.sizes = [80]
    assert [node.fetch(), node.fetch()] == [contents(80)] * 2
    assert node.rooms[-1] == PAGE != node.rooms[-2]


@pytest.mark.parametrize("size", [PAGE // 2 + 1, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE])
@pytest.mark.parametrize("record", [1, 1392])
def test_a_table_cut_without_a_word_is_fetched_whole(size: int, record: int) -> None:
    node = Node(size, quiet=True, record=record)
    assert node.fetch() == contents(size)


def test_a_table_that_grows_between_two_calls() -> None:
    sizes = [PAGE + 1, 2 * PAGE, 9 * PAGE, 9 * PAGE, 30 * PAGE, 30 * PAGE]
    node = Node(*sizes)
    assert node.fetch() == contents(30 * PAGE)


def test_one_that_never_stops_growing_is_an_error() -> None:
    node = Node(2 * PAGE, *(PAGE * size for n in range(1, 12) for size in (n, 5 * n + 80)))
    with pytest.raises(KernelError) as caught:
        node.fetch()
    assert caught.value.name == "ENOMEM"


def test_any_other_error_is_the_answer() -> None:
    kernel, recorder = recorded()
    recorder.answers = [(-1, ESRCH)]
    with pytest.raises(ProcessLookupError) as caught:
        kernel.sysctl([1, 14, 7, 100])
    assert caught.value.errno == ESRCH == host.ESRCH
    assert [name for name, _ in recorder.calls] == ["bsdproc_sysctl"]
