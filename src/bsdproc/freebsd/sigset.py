"""sigset_t as a frozenset (<sys/_sigset.h>)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct as Packer
from typing import Final

from bsdproc.freebsd import _check
from bsdproc.freebsd.constants._enums import known
from bsdproc.freebsd.constants.signals import SIG_MAXSIG, Signal

SigSet = frozenset[Signal | int]
"""A set of signals; unnamed ones (the real-time signals) are plain numbers."""

_WORDS: Final = {"little": Packer("<4I"), "big": Packer(">4I")}


@lru_cache(maxsize=256)
def decode(data: bytes, byteorder: str) -> SigSet:
    """The signals of a sigset_t: four words of 32 bits, signal 1 the lowest of the first."""
    words = _WORDS[byteorder].unpack(data)
    return frozenset(
        known(Signal, 32 * place + bit + 1)
        for place, word in enumerate(words)
        for bit in range(32)
        if word >> bit & 1
    )


def encode(signals: Iterable[int], byteorder: str) -> bytes:
    """A sigset_t of these signals."""
    words = [0, 0, 0, 0]
    for signal in signals:
        number = _check.signal(signal, zero=False) - 1
        words[number // 32] |= 1 << number % 32
    return _WORDS[byteorder].pack(*words)


assert SIG_MAXSIG == 4 * 32
