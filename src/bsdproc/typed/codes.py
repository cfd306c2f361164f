"""What a siginfo's code means: by the signal's own codes, then by the common ones."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class SignalCodes:
    """The codes of one system: an enum for each signal that has some, one for all."""

    def __init__(self, own: Mapping[int, type[IntEnum]], common: type[IntEnum]) -> None:
        self.own = own
        self.common = common

    def find(self, signo: int, code: int) -> IntEnum | int:
        """The member that names a code, or the number itself."""
        own = self.own.get(signo)
        for kind in (self.common,) if own is None else (own, self.common):
            found = kind._value2member_map_.get(code)
            if isinstance(found, IntEnum):
                return found
        return code
