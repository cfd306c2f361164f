"""Damaged bytes: each parser gives values or `Malformed`, and nothing else, in little time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc.dragonfly import kinfo, procfs
from bsdproc.dragonfly.registers import X86_64DebugRegisters, X86_64FpRegisters, X86_64Registers

from . import captured

RECORD = next(data for data, _ in captured.decoded())
TABLE = b"".join(data for data, _ in captured.decoded())


def texts(name: str) -> list[bytes]:
    return [text.data for source in (captured.PROCFS, captured.CORNERS)
            for text in captured.nodes(source)
            if text.path.endswith(f"/{name}") and text.error is None]


def table(data: bytes) -> object:
    return [one.asdict() for one in kinfo.KinfoProc.fixed("x86_64", data)]


def sigtramp(data: bytes) -> object:
    return kinfo.KinfoSigtramp.single("x86_64", data).asdict()


def thread(data: bytes) -> object:
    return kinfo.KinfoLwp.single("x86_64", data).asdict()


PARSERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "status": (procfs.parse_status, texts("status")),
    "map": (procfs.parse_map, texts("map")),
    "rlimit": (procfs.parse_rlimit, texts("rlimit")),
    "cmdline": (procfs.parse_cmdline, texts("cmdline")),
    "etype": (procfs.parse_etype, texts("etype")),
    "curproc": (procfs.parse_number, [b"2", b"99999"]),
    "kinfo_proc": (table, [RECORD, TABLE]),
    "kinfo_lwp": (thread, [RECORD[664:976]]),
    "kinfo_sigtramp": (sigtramp, [bytes(range(48))]),
}


@st.composite
def damaged(draw: st.DrawFn, wholes: list[bytes]) -> bytes:
    """Truncated, with flipped bits, with pieces from elsewhere, or quite random."""
    if not draw(st.integers(0, 3)):
        return draw(st.binary(max_size=2048))
    data = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 8))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case 2:
                data[at:at] = draw(st.sampled_from(
                    [b"\n", b" ", b"-1", b"\0", b"0x", b"9" * 40, b",", b"\xff", b"-"]))
            case _:
                del data[at : at + draw(st.integers(1, 9))]
    return bytes(data)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300, deadline=2000)
@given(draws=st.data())
def test_damaged(name: str, draws: st.DataObject) -> None:
    parse, wholes = PARSERS[name]
    data = draws.draw(damaged(wholes))
    try:
        parse(data)
    except kinfo.Malformed:
        return


@pytest.mark.parametrize("name", PARSERS)
def test_whole_ones_are_taken(name: str) -> None:
    parse, wholes = PARSERS[name]
    assert wholes
    for data in wholes:
        try:
            parse(data)
        except kinfo.Malformed:
            # The ones that were read with too little room.
            assert len(data) in (10, 20, 300)


@pytest.mark.parametrize("data", [
    b"0x1 " * 200_000, b"\n" * 800_000, b"1 " * 400_000, b"1" * 800_000, b"," * 800_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x " * 20_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x p\n" * 20_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x p\n0x0 0x0 " * 15_000,
    b"a 1 1 1 1 1,1 a" + b",a" * 300_000, b"cpu " + b"9" * 500_000 + b" 1\n",
])
def test_no_text_takes_long(data: bytes) -> None:
    for parse in (procfs.parse_status, procfs.parse_map, procfs.parse_rlimit,
                  procfs.parse_cmdline, procfs.parse_etype, procfs.parse_number):
        began = time.perf_counter()
        with contextlib.suppress(kinfo.Malformed):
            parse(data)
        assert time.perf_counter() - began < 2


@given(data=st.binary(max_size=600))
def test_register_files_take_their_own_length_alone(data: bytes) -> None:
    for kind in (X86_64Registers, X86_64FpRegisters, X86_64DebugRegisters):
        size = len(bytes(kind()))
        whole = (data * (size // max(len(data), 1) + 1))[:size] if data else bytes(size)
        assert bytes(kind(whole)) == whole
        if len(data) != size:
            with pytest.raises(ValueError, match="bytes"):
                kind(data)
