"""sigset_t as a frozenset (<sys/sigtypes.h>)."""

from __future__ import annotations

from typing import Final

from bsdproc.netbsd.constants.signals import SIG_MAXSIG, Signal
from bsdproc.typed.sigset import SigSets

SigSet = frozenset[Signal | int]
"""A set of signals; unnamed ones (the real-time signals) are plain numbers."""

SETS: Final = SigSets(Signal, SIG_MAXSIG)
decode = SETS.decode
encode = SETS.encode
