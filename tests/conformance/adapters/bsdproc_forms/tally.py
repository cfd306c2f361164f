"""How many calls went through the typed functions, and how many had to go beside them.

Drivers and their helpers are processes that the runner forks, and each ends without
a word.  They write into memory that they share with the runner, which adds it up
when a driver has ended; a driver and its helper never write at once.
"""

from __future__ import annotations

import json
import mmap
import os
from collections import Counter
from typing import Final

TYPED: Final = "typed"
PORT: Final = "port"
FILE: Final = "BSDPROC_CONFORMANCE_CALLS"
"""The environment's name of a file that gets a line of JSON for each driver."""
_ROOM: Final = 1 << 22
_HEAD: Final = 8


class Inexpressible(Exception):
    """The typed functions cannot be asked this; the text says what of it."""


class Tally:
    """Counts of calls by the way they went, by request, and by the reason."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _ROOM)
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def note(self, way: str, request: str, reason: str = "") -> None:
        """One call, in whichever process."""
        line = f"{way}\t{request}\t{reason}\n".encode()
        used = int.from_bytes(self._shared[:_HEAD], "little")
        end = used + len(line)
        if _HEAD + end > _ROOM:
            raise RuntimeError("a driver made more calls than there is room to count")
        self._shared[_HEAD + used : _HEAD + end] = line
        self._shared[:_HEAD] = end.to_bytes(_HEAD, "little")

    def collect(self, driver: int) -> None:
        """In the runner, after a driver has ended: take its calls over."""
        used = int.from_bytes(self._shared[:_HEAD], "little")
        lines = self._shared[_HEAD : _HEAD + used].decode().splitlines()
        self._shared[:_HEAD] = bytes(_HEAD)
        found: Counter[tuple[str, str, str]] = Counter()
        for line in lines:
            way, request, reason = line.split("\t")
            found[way, request, reason] += 1
        self.counts += found
        path = os.environ.get(FILE)
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"driver": driver, "calls": _rows(found)}) + "\n")

    def summary(self) -> str:
        """The counts in all, and each request that went beside the typed functions."""
        ways: Counter[str] = Counter()
        for (way, _, _), count in self.counts.items():
            ways[way] += count
        lines = [f"calls: {ways[TYPED]} through the typed functions, {ways[PORT]} through the port"]
        lines += [
            f"  port {count:5} {request}: {reason}"
            for way, request, reason, count in _rows(self.counts) if way == PORT
        ]
        return "\n".join(lines)


def _rows(counts: Counter[tuple[str, str, str]]) -> list[tuple[str, str, str, int]]:
    return [(*key, count) for key, count in sorted(counts.items())]
