"""Credentials, as far as every BSD kernel has them.

A system's own class adds what else it keeps (jails, capability mode).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Cred:
    """struct ucred.  It never changes: who changes ids gets a new one, so
    that processes may share it.  groups[0] is the effective group, the others
    are sorted and the supplementary ones."""

    uid: int
    ruid: int
    svuid: int
    rgid: int
    svgid: int
    groups: tuple[int, ...]
    capmode: bool = field(default=False, kw_only=True)
    """Capability mode, where there is such a thing."""

    @property
    def gid(self) -> int:
        """The effective group."""
        return self.groups[0]

    def member(self, gid: int) -> bool:
        """groupmember."""
        return gid in self.groups

    def copy(self, **change: Any) -> Self:
        """The same with some of it changed."""
        return replace(self, **change)

    def with_gid(self, gid: int) -> Self:
        """The same with another effective group."""
        return replace(self, groups=(gid, *self.groups[1:]))


def sorted_groups(groups: tuple[int, ...]) -> tuple[int, ...]:
    """As crsetgroups keeps them: all but the first in order."""
    return (*groups[:1], *sorted(groups[1:]))
