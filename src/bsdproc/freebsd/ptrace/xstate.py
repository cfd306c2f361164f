"""The extended state of x86: the area that XSAVE writes, by component.

The area begins with the 512 bytes of fxsave64 and a header of 64 bytes that says
which components are in use.  Where the others lie is the processor's to say
(CPUID leaf 0xD), which a debugger cannot ask on the tracee's behalf.  There are
two arrangements: Intel's, with room for every component there ever was, and
AMD's, close together.  They are told apart by the area's length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import KEEP, Flag
from typing import TYPE_CHECKING, Final, Self

from bsdproc.freebsd import _call, _check
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel


class XFeature(Flag, boundary=KEEP):
    """XFEATURE_*: components of the area, as bits of XCR0 and of its header
    (<x86/specialreg.h> has them as XFEATURE_ENABLED_*)."""

    X87 = 1 << 0
    SSE = 1 << 1
    AVX = 1 << 2
    BNDREGS = 1 << 3
    BNDCSR = 1 << 4
    OPMASK = 1 << 5
    ZMM_HI256 = 1 << 6
    HI16_ZMM = 1 << 7
    PT = 1 << 8
    PKRU = 1 << 9
    TILECFG = 1 << 17
    TILEDATA = 1 << 18


_SIZES: Final = {
    XFeature.AVX: 256,
    XFeature.BNDREGS: 64,
    XFeature.BNDCSR: 64,
    XFeature.OPMASK: 64,
    XFeature.ZMM_HI256: 512,
    XFeature.HI16_ZMM: 1024,
    XFeature.PKRU: 8,
    XFeature.TILECFG: 64,
    XFeature.TILEDATA: 8192,
}
_INTEL: Final = {
    XFeature.AVX: 576,
    XFeature.BNDREGS: 960,
    XFeature.BNDCSR: 1024,
    XFeature.OPMASK: 1088,
    XFeature.ZMM_HI256: 1152,
    XFeature.HI16_ZMM: 1664,
    XFeature.PKRU: 2688,
    XFeature.TILECFG: 2752,
    XFeature.TILEDATA: 2816,
}
_AMD: Final = {
    XFeature.AVX: 576,
    XFeature.OPMASK: 832,
    XFeature.ZMM_HI256: 896,
    XFeature.HI16_ZMM: 1408,
    XFeature.PKRU: 2432,
}
# AMD's processors without AVX-512 have PKRU where OPMASK would be.
_AMD_SHORT: Final = {XFeature.AVX: 576, XFeature.PKRU: 832}

_LEGACY: Final = 512
_XMM: Final = 160
_MXCSR: Final = 24
_HEADER: Final = 576
_LARGEST: Final = 1 << 20
_XSTATE_BV: Final = 512
_INITIAL_FCW: Final = 0x37F
_INITIAL_MXCSR: Final = 0x1F80


@dataclass(frozen=True, slots=True)
class XStateInfo:
    """struct ptrace_xstate_info: the state that the processor and kernel offer."""

    mask: XFeature
    """The components that are enabled (XCR0)."""
    length: int
    """Bytes of the area."""

    def offset(self, feature: XFeature) -> int | None:
        """Where a component begins; None when it is not enabled, or nobody knows."""
        if feature not in self.mask or feature not in _SIZES:
            return None
        enabled = [component for component in _SIZES if component in self.mask]
        for layout in (_INTEL, _AMD, _AMD_SHORT):
            if all(component in layout for component in enabled):
                ends = [layout[component] + _SIZES[component] for component in enabled]
                if max(ends, default=_HEADER) == self.length:
                    return layout[feature]
        # An unknown arrangement: AVX stands first in every one.
        return _INTEL[XFeature.AVX] if feature is XFeature.AVX else None


class XState:
    """An area as PT_GETXSTATE gives it, with its registers as numbers.

    A component that its header does not name is in its initial state, whatever
    the bytes say; setting a register of it takes it into use.  What an area has
    no place for is None, and a `ValueError` to set.
    """

    __slots__ = ("_data", "info")
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, data: bytes | bytearray, info: XStateInfo) -> None:
        """`ValueError` for fewer bytes than the legacy area and header have."""
        if len(data) < _HEADER:
            raise ValueError(f"an xsave area has at least {_HEADER} bytes, not {len(data)}")
        self._data = bytearray(data)
        self.info = info

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, XState):
            return NotImplemented
        return self._data == other._data

    def copy(self) -> Self:
        """Another one with the same contents."""
        return type(self)(self._data, self.info)

    def __copy__(self) -> Self:
        return self.copy()

    def __repr__(self) -> str:
        return f"XState({len(self)} bytes, in use: {self.in_use!r})"

    # -- components ---------------------------------------------------------
    @property
    def in_use(self) -> XFeature:
        """XSTATE_BV: the components that are not in their initial state."""
        return XFeature(int.from_bytes(self._data[_XSTATE_BV : _XSTATE_BV + 8], "little"))

    @in_use.setter
    def in_use(self, features: XFeature) -> None:
        self._data[_XSTATE_BV : _XSTATE_BV + 8] = features.value.to_bytes(8, "little")

    def component(self, feature: XFeature) -> bytes | None:
        """A component's bytes; None for one that is not there; zero bytes in its
        initial state (X87 and SSE are in the legacy area, `legacy`)."""
        place = self._place(feature)
        if place is None:
            return None
        return bytes(self._data[place]) if feature in self.in_use else bytes(_SIZES[feature])

    def set_component(self, feature: XFeature, data: bytes) -> None:
        """Replace a component's bytes and take it into use."""
        place = self._place(feature)
        if place is None:
            raise ValueError(f"this area has no place for {feature!r}")
        if len(data) != _SIZES[feature]:
            raise ValueError(f"{feature!r} has {_SIZES[feature]} bytes, not {len(data)}")
        self._take(feature)
        self._data[place] = data

    def _take(self, feature: XFeature) -> None:
        """Take a component into use; with SSE or AVX its control register is, too."""
        self._data[_MXCSR : _MXCSR + 4] = self.mxcsr.to_bytes(4, "little")
        self.in_use |= feature

    def _place(self, feature: XFeature) -> slice | None:
        offset = self.info.offset(feature)
        if offset is None or offset + _SIZES[feature] > len(self._data):
            return None
        return slice(offset, offset + _SIZES[feature])

    @property
    def legacy(self) -> bytes:
        """The 512 bytes of fxsave64."""
        return bytes(self._data[:_LEGACY])

    # -- registers ----------------------------------------------------------
    @property
    def fcw(self) -> int:
        """The x87 control word."""
        if XFeature.X87 not in self.in_use:
            return _INITIAL_FCW
        return int.from_bytes(self._data[0:2], "little")

    @property
    def mxcsr(self) -> int:
        """The SSE control and status register."""
        if not self.in_use & (XFeature.SSE | XFeature.AVX):
            return _INITIAL_MXCSR
        return int.from_bytes(self._data[_MXCSR : _MXCSR + 4], "little")

    @property
    def st(self) -> tuple[int, ...]:
        """The x87 registers from the top of their stack, 80 bits each."""
        if XFeature.X87 not in self.in_use:
            return (0,) * 8
        return tuple(
            int.from_bytes(self._data[at : at + 10], "little") for at in range(32, 160, 16)
        )

    @property
    def xmm(self) -> tuple[int, ...]:
        """The 16 SSE registers, 128 bits each."""
        if XFeature.SSE not in self.in_use:
            return (0,) * 16
        return _numbers(self._data[_XMM : _XMM + 256], 16)

    def set_xmm(self, index: int, value: int) -> None:
        """Set an SSE register, and take SSE into use."""
        _index(index, 16)
        value = _check.unsigned(value, 128, f"xmm{index}")
        if XFeature.SSE not in self.in_use:
            self._data[_XMM : _XMM + 256] = bytes(256)
        self._take(XFeature.SSE)
        self._data[_XMM + 16 * index : _XMM + 16 * index + 16] = value.to_bytes(16, "little")

    @property
    def ymm(self) -> tuple[int, ...] | None:
        """The 16 AVX registers, 256 bits each: `xmm` and the AVX component."""
        high = self.component(XFeature.AVX)
        if high is None:
            return None
        return _joined(self.xmm, _numbers(high, 16), 128)

    def set_ymm(self, index: int, value: int) -> None:
        """Set an AVX register, and take AVX and SSE into use."""
        _index(index, 16)
        value = _check.unsigned(value, 256, f"ymm{index}")
        self._set_element(XFeature.AVX, index, 16, value >> 128)
        self.set_xmm(index, value & (1 << 128) - 1)

    @property
    def zmm(self) -> tuple[int, ...] | None:
        """The 32 AVX-512 registers, 512 bits each."""
        low, high = self.ymm, self.component(XFeature.ZMM_HI256)
        upper = self.component(XFeature.HI16_ZMM)
        if low is None or high is None or upper is None:
            return None
        return _joined(low, _numbers(high, 32), 256) + _numbers(upper, 64)

    def set_zmm(self, index: int, value: int) -> None:
        """Set an AVX-512 register, and take what it lies in into use."""
        _index(index, 32)
        value = _check.unsigned(value, 512, f"zmm{index}")
        if index >= 16:
            self._set_element(XFeature.HI16_ZMM, index - 16, 64, value)
        else:
            self._set_element(XFeature.ZMM_HI256, index, 32, value >> 256)
            self.set_ymm(index, value & (1 << 256) - 1)

    @property
    def k(self) -> tuple[int, ...] | None:
        """The eight AVX-512 mask registers, 64 bits each."""
        masks = self.component(XFeature.OPMASK)
        return None if masks is None else _numbers(masks, 8)

    def set_k(self, index: int, value: int) -> None:
        """Set a mask register, and take them into use."""
        _index(index, 8)
        self._set_element(XFeature.OPMASK, index, 8, _check.unsigned(value, 64, f"k{index}"))

    @property
    def pkru(self) -> int | None:
        """The rights of the protection keys."""
        rights = self.component(XFeature.PKRU)
        return None if rights is None else int.from_bytes(rights[:4], "little")

    def set_pkru(self, value: int) -> None:
        """Set the rights of the protection keys."""
        self._set_element(XFeature.PKRU, 0, 8, _check.unsigned(value, 32, "pkru"))

    def _set_element(self, feature: XFeature, index: int, width: int, value: int) -> None:
        contents = self.component(feature)
        if contents is None:
            raise ValueError(f"this area has no place for {feature!r}")
        at = index * width
        self.set_component(
            feature, contents[:at] + value.to_bytes(width, "little") + contents[at + width :]
        )


def _numbers(data: bytes | bytearray, width: int) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)
    )


def _joined(low: tuple[int, ...], high: tuple[int, ...], bits: int) -> tuple[int, ...]:
    return tuple(a | b << bits for a, b in zip(low, high, strict=True))


def _index(index: int, count: int) -> None:
    if not 0 <= _check.integer(index, "index") < count:
        raise IndexError(f"there are {count} of these registers")


def getxstate_info(pid: int, *, kernel: Kernel | None = None) -> XStateInfo:
    """PT_GETXSTATE_INFO (amd64, i386): which extended state there is, and its size.

    `NotSupported` on other machines.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _call.request_number(kernel, "PT_GETXSTATE_INFO", "ptrace")
    layout = kernel.target.struct("struct ptrace_xstate_info")
    buffer = kernel.buffer(layout.size)
    _call.ptrace(kernel, "PT_GETXSTATE_INFO", pid, buffer, layout.size)
    mask, length = layout.reader("xsave_mask", "xsave_len")(buffer.read(), 0)
    return XStateInfo(XFeature(mask), length)


def getxstate(pid: int, *, kernel: Kernel | None = None) -> XState:
    """PT_GETXSTATE (amd64, i386): the whole extended state of a thread.

    `NotSupported` on other machines.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    info = getxstate_info(pid, kernel=kernel)
    if not _HEADER <= info.length <= _LARGEST:
        raise Malformed(f"no processor has an xsave area of {info.length} bytes")
    buffer = kernel.buffer(info.length)
    _call.ptrace(kernel, "PT_GETXSTATE", pid, buffer, info.length)
    return XState(buffer.read(), info)


def setxstate(pid: int, state: XState, *, kernel: Kernel | None = None) -> None:
    """PT_SETXSTATE (amd64, i386): set the extended state of a thread.

    Components that the area's header does not name become initial.
    `NotSupported` on other machines, `KernelError` (EINVAL) for an area that is
    larger than the processor's.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _call.request_number(kernel, "PT_SETXSTATE", "ptrace")
    if not isinstance(state, XState):
        raise TypeError(f"state must be an XState, not {type(state).__name__}")
    _call.ptrace(kernel, "PT_SETXSTATE", pid, kernel.buffer(bytes(state)), len(state))
