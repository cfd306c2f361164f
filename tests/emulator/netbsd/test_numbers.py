"""The numbers of NetBSD's system calls, against its headers' <sys/syscall.h>."""

from __future__ import annotations

import re

import pytest
from tests.headers import header

from bsdproc.emulator.netbsd.syscalls import table

OWN = {"ppoll": "pollts"}
"""What NetBSD calls one that the kernels share."""


def stripped(name: str) -> str:
    """Without what only tells versions of a call apart: __stat50, compat_50_stat."""
    return re.sub(r"^(compat_\d+_)?_*|\d{2,}$", "", name)


@pytest.mark.toolchain
def test_every_number_is_the_headers() -> None:
    named = {int(number): name for name, number in re.findall(
        r"^#define\s+SYS_(\w+)\s+(\d+)\s*$", header("netbsd", "sys/syscall.h"), re.MULTILINE)}
    wrong = {}
    assert len(table()) > 150
    for number, (name, _, _) in table().items():
        theirs = named.get(number, "")
        if stripped(OWN.get(name, name)) != stripped(theirs):
            wrong[number] = (name, theirs)
    assert wrong == {}
