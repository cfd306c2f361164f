"""Cores of DragonFly: their memory; what their notes say is not known."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.typed.corefile import Load, make

from bsdproc.dragonfly import core
from bsdproc.kernel import NotSupported

LOADS = [Load(0x1000, b"contents"), Load(0x4000, b"ab", 0x1000)]


def test_memory_by_address(tmp_path: Path) -> None:
    path = tmp_path / "a.core"
    path.write_bytes(make("dragonfly", "x86_64", [("FreeBSD", 1, b"abcd")], LOADS))
    with core.read(path) as found:
        assert found.machine == "x86_64"
        assert found.memory[0x1000:0x1008] == b"contents"
        with pytest.raises(core.NotInCore, match="not written so far"):
            found.memory[0x4002]
        assert found.notes[0].endswith(b"abcd")
        assert repr(found) == "Core(machine='x86_64')"
        with pytest.raises(AttributeError):
            found.machine = "none"


def test_what_is_not_known_is_named() -> None:
    found = core.read(make("dragonfly", "x86_64", [("FreeBSD", 1, b"abcd")]))
    for name, note in (("prpsinfo", "NT_PRPSINFO"), ("threads", "NT_PRSTATUS")):
        with pytest.raises(NotSupported, match=f"{note}.*not recorded"):
            getattr(found, name)


def test_what_is_no_core_of_its() -> None:
    with pytest.raises(core.ForeignCore, match="no machine of dragonfly's"):
        core.read(make("netbsd", "sparc", []))
    with pytest.raises(core.BadCore, match="no ELF file"):
        core.read(b"")
    with pytest.raises(core.BadCore, match="the notes of"):
        _ = core.read(make("dragonfly", "x86_64", [("FreeBSD", 1, b"abcd")])[:-8]).notes
