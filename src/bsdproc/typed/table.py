"""Tables of records of one size: a field that is read of many is decoded of all.

A table of ten thousand processes is listed for two or three fields of each.  Where a
field has been read of a few of its records, its column is decoded in one go and kept in
the records' dicts, where Python finds it before it asks the class.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import attrgetter, setitem
from typing import Any, Final, TypeVar
from weakref import ref

R = TypeVar("R")

ALONE: Final = 0
"""No table: records are decoded each for itself."""
TABLE: Final = 1
"""Columns are decoded."""
SPENT: Final = 2
"""So many have been that a whole record comes cheaper than the next one."""

COLUMNS: Final = 8
"""How many columns are decoded before that."""
_PATIENCE: Final = 4
"""Reads of a field before its column is decoded, and one more for so many records:"""
_RECORDS: Final = 256
_SMALLEST: Final = 64
"""A table of fewer records has no columns."""

_dict_of: Final[Callable[[object], dict[str, Any]]] = attrgetter("__dict__")


class Table(list[R]):
    """The list of records that a call returns.  It may be changed as any list; a slice
    or a copy is a plain one."""

    __slots__ = ("__weakref__", "rows")
    rows: tuple[R, ...]
    """The records by where they lie, whatever becomes of the list."""

    def __init__(self, rows: Iterable[R] = ()) -> None:
        super().__init__(rows)
        self.rows = tuple(self)

    def __reduce__(self) -> tuple[type[list[R]], tuple[list[R]]]:
        return list, (self[:],)


class Source:
    """The bytes that records lie in, and the table that they are."""

    __slots__ = ("_columns", "_patience", "_reads", "_table", "alone", "data", "mode", "size",
                 "sizes")

    def __init__(self, data: bytes, size: int, inner: bool = False) -> None:
        self.data = data
        self.size = size
        """Bytes of each record; 0 where they have several sizes, or their structs' own."""
        self.sizes: dict[int, int] = {}
        """Those several, by where a record begins."""
        self.mode = ALONE
        self.alone = self if inner else Source(data, 0, inner=True)
        """The same bytes, for the structs that lie inside of records."""

    def rows(self, table: Table[Any]) -> None:
        """These are the records, one behind the other."""
        if len(table) >= _SMALLEST:
            self.mode = TABLE
            # Records do not keep each other: without its list there is no table.
            self._table = ref(table)
            self._patience = _PATIENCE + len(table) // _RECORDS
            self._reads: dict[str, int] = {}
            self._columns = 0

    def wanted(self, name: str) -> tuple[Any, ...] | None:
        """A field is read of one record: all of them when its column is to be filled."""
        count = self._reads.get(name, 0) + 1
        self._reads[name] = count
        if count < self._patience:
            return None
        table = self._table()
        if table is None:
            self.mode = ALONE
            return None
        if self._columns == COLUMNS:
            self.mode = SPENT
            return None
        self._columns += 1
        return table.rows


def fill(rows: tuple[Any, ...], name: str, values: Iterable[Any]) -> None:
    """Keep a column's values in the records' dicts; each step runs over all in C."""
    deque(map(setitem, map(_dict_of, rows), repeat(name), values), maxlen=0)
