"""What goes wrong with layouts, by name."""

from __future__ import annotations


class UnknownTarget(ValueError):
    """No such system, or no such machine of it, is declared."""


class _Unknown(KeyError):
    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show the message's repr


class UnknownStruct(_Unknown):
    """A target has no struct, union or typedef of that name."""


class UnknownField(_Unknown):
    """A struct has no field of that name."""


class Truncated(ValueError):
    """A buffer ends before the struct does."""
