"""The numbers of NetBSD's system calls, against its headers' <sys/syscall.h>."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from bsdproc.emulator.netbsd.syscalls import table

OWN = {"ppoll": "pollts"}
"""What NetBSD calls one that the kernels share."""


def stripped(name: str) -> str:
    """Without what only tells versions of a call apart: __stat50, compat_50_stat."""
    return re.sub(r"^(compat_\d+_)?_*|\d{2,}$", "", name)


@pytest.mark.toolchain
def test_every_number_is_the_headers() -> None:
    spec = find_spec("ziglang")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent / "lib/libc/include/generic-netbsd/sys/syscall.h"
    header = {int(number): name for name, number in re.findall(
        r"^#define\s+SYS_(\w+)\s+(\d+)\s*$", source.read_text(), re.MULTILINE)}
    wrong = {}
    for number, (name, _, _) in table().items():
        theirs = header.get(number, "")
        if stripped(OWN.get(name, name)) != stripped(theirs):
            wrong[number] = (name, theirs)
    assert wrong == {}
