"""sigset_t as a frozenset.

The three systems have the same four words of 32 bits, signal 1 the lowest of the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from struct import Struct as Packer
from typing import Final, Generic, TypeVar

from bsdproc.typed import check
from bsdproc.typed.enums import known

S = TypeVar("S", bound=IntEnum)

_WORDS: Final = {"little": Packer("<4I"), "big": Packer(">4I")}


class SigSets(Generic[S]):
    """The conversions of one system: its signals, and the highest number it has."""

    def __init__(self, kind: type[S], last: int) -> None:
        self.kind = kind
        self.last = last
        self.decode = lru_cache(maxsize=256)(self._decode)
        """The signals of a sigset_t, of its bytes and the byte order."""

    def _decode(self, data: bytes, byteorder: str) -> frozenset[S | int]:
        words = _WORDS[byteorder].unpack(data)
        return frozenset(
            known(self.kind, 32 * place + bit + 1)
            for place, word in enumerate(words)
            for bit in range(32)
            if word >> bit & 1
        )

    def encode(self, signals: Iterable[int], byteorder: str) -> bytes:
        """A sigset_t of these signals."""
        words = [0, 0, 0, 0]
        for signal in signals:
            number = check.signal(signal, self.last, zero=False) - 1
            words[number // 32] |= 1 << number % 32
        return _WORDS[byteorder].pack(*words)
