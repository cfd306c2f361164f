"""The xsave area by component, from bytes."""

from __future__ import annotations

from copy import copy

import pytest

from bsdproc.freebsd.ptrace import XFeature, XState, XStateInfo

F = XFeature
BASE = F.X87 | F.SSE
AVX512 = F.OPMASK | F.ZMM_HI256 | F.HI16_ZMM


@pytest.mark.parametrize(("mask", "length", "places"), [
    (BASE, 576, {F.AVX: None}),
    (BASE | F.AVX, 832, {F.AVX: 576, F.PKRU: None}),
    (BASE | F.AVX | AVX512 | F.PKRU, 2696,
     {F.AVX: 576, F.OPMASK: 1088, F.ZMM_HI256: 1152, F.HI16_ZMM: 1664, F.PKRU: 2688}),
    (BASE | F.AVX | AVX512, 2688, {F.OPMASK: 1088, F.HI16_ZMM: 1664}),
    (BASE | F.AVX | AVX512 | F.PKRU, 2440,
     {F.AVX: 576, F.OPMASK: 832, F.ZMM_HI256: 896, F.HI16_ZMM: 1408, F.PKRU: 2432}),
    (BASE | F.AVX | F.PKRU, 840, {F.PKRU: 832}),
    (BASE | F.AVX | F.BNDREGS | F.BNDCSR, 1088, {F.BNDREGS: 960, F.BNDCSR: 1024}),
    # an arrangement that nobody has described: AVX is first in every one
    (BASE | F.AVX | F.PKRU, 4000, {F.AVX: 576, F.PKRU: None}),
])
def test_places(mask: XFeature, length: int, places: dict[XFeature, int | None]) -> None:
    info = XStateInfo(mask, length)
    for feature, offset in places.items():
        assert info.offset(feature) == offset


def area(mask: XFeature, length: int, in_use: XFeature) -> XState:
    state = XState(bytes(length), XStateInfo(mask, length))
    state.in_use = in_use
    return state


def test_what_is_not_in_use_is_initial() -> None:
    state = area(BASE | F.AVX, 832, F(0))
    data = bytearray(bytes(state))
    data[:512] = b"\xff" * 512
    data[576:] = b"\xff" * 256
    stale = XState(data, state.info)
    assert stale.in_use == F(0)
    assert stale.fcw == 0x37F
    assert stale.mxcsr == 0x1F80
    assert not any(stale.st)
    assert not any(stale.xmm)
    assert stale.ymm is not None
    assert not any(stale.ymm)


def test_registers_overlap_as_the_processor_has_them() -> None:
    state = area(BASE | F.AVX | AVX512 | F.PKRU, 2696, BASE)
    value = int.from_bytes(bytes(range(1, 65)), "little")
    state.set_zmm(3, value)
    state.set_zmm(17, value + 1)
    assert state.zmm is not None
    assert state.ymm is not None
    assert state.zmm[3] == value
    assert state.zmm[17] == value + 1
    assert state.ymm[3] == value & (1 << 256) - 1
    assert state.xmm[3] == value & (1 << 128) - 1
    assert bytes(state)[160 + 48 : 160 + 64] == bytes(range(1, 17))
    assert bytes(state)[576 + 48 : 576 + 64] == bytes(range(17, 33))
    assert bytes(state)[1152 + 96 : 1152 + 128] == bytes(range(33, 65))
    state.set_k(7, 0xAA)
    state.set_pkru(0x55555554)
    assert state.k == (0,) * 7 + (0xAA,)
    assert state.pkru == 0x55555554
    assert state.in_use == BASE | F.AVX | AVX512 | F.PKRU


def test_setting_takes_into_use_and_clears_what_was_stale() -> None:
    info = XStateInfo(BASE | F.AVX, 832)
    state = XState(b"\xee" * 512 + bytes(64) + b"\xee" * 256, info)
    state.set_ymm(0, 1 << 200)
    assert state.in_use == F.SSE | F.AVX
    assert state.ymm == (1 << 200, *(0,) * 15)
    assert state.mxcsr == 0x1F80


def test_what_there_is_no_place_for() -> None:
    state = area(BASE, 576, BASE)
    assert (state.ymm, state.zmm, state.k, state.pkru) == (None,) * 4
    with pytest.raises(ValueError, match="no place"):
        state.set_ymm(0, 1 << 128)
    with pytest.raises(ValueError, match="no place"):
        state.set_pkru(1)
    with pytest.raises(ValueError, match="at least 576 bytes"):
        XState(bytes(575), state.info)


def test_bad_values() -> None:
    state = area(BASE | F.AVX, 832, BASE)
    with pytest.raises(ValueError, match="xmm0"):
        state.set_xmm(0, 1 << 128)
    with pytest.raises(IndexError):
        state.set_xmm(16, 0)
    with pytest.raises(ValueError, match="256 bytes, not 1"):
        state.set_component(F.AVX, b"x")
    assert bytes(state) == bytes(area(BASE | F.AVX, 832, BASE))


def test_values() -> None:
    one, two = area(BASE, 576, BASE), area(BASE, 576, BASE)
    assert one == two
    assert one.copy() == one
    twin = copy(one)
    twin.set_xmm(0, 1)
    assert one == two
    two.set_xmm(0, 1)
    assert one != two
    assert len(one) == 576
    assert len(one.legacy) == 512
