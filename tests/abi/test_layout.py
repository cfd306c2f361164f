"""Reading and writing structs of any target: both byte orders, every kind of field."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.abi import Field, Struct, Value

AMD64 = abi.target("freebsd", "amd64")
LWPINFO = AMD64.struct("struct ptrace_lwpinfo")
IO_DESC = AMD64.struct("struct ptrace_io_desc")

LAYOUTS = [
    (target, name) for target in abi.targets() for name in abi.target(*target).structs
]


# -- round trips -------------------------------------------------------------------
def number(kind: str, size: int, signed: bool) -> st.SearchStrategy[Value]:
    match kind:
        case "bool":
            return st.booleans()
        case "float" if size in (4, 8):
            return st.floats(width=32 if size == 4 else 64, allow_nan=False)
        case "float":
            return st.binary(min_size=size, max_size=size)
    bits = 8 * size
    if signed:
        return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
    return st.integers(0, (1 << bits) - 1)


def values_of(field: Field) -> st.SearchStrategy[Value]:
    """Values that a field can hold."""
    kind = field.element if field.kind == "array" else field.kind
    size = field.element_size if field.kind == "array" else field.size
    assert kind is not None
    assert size is not None
    dims = list(field.dims)
    if field.struct is not None:
        made: st.SearchStrategy[Value] = records_of(field.struct)
    elif kind == "char" and dims:
        count = dims.pop()
        made = st.binary(min_size=count, max_size=count)
    else:
        made = number(kind, size, field.signed)
    for count in reversed(dims):
        made = repeated(made, count)
    return made


def repeated(element: st.SearchStrategy[Value], count: int) -> st.SearchStrategy[Value]:
    """Arrays: an element of its own for the first two, a third one for all others."""

    def spread(found: tuple[Value, Value, Value]) -> Value:
        return (found[:2] + found[2:] * count)[:count]

    return st.tuples(element, element, element).map(spread)


@st.composite
def records_of(draw: st.DrawFn, layout: Struct) -> dict[str, Value]:
    """Values for fields that do not lie on each other."""
    fields = list(layout.fields)
    draw(st.randoms(use_true_random=False)).shuffle(fields)
    taken: list[Field] = []
    for one in fields:
        if all(
            one.offset >= other.offset + other.size or other.offset >= one.offset + one.size
            for other in taken
        ):
            taken.append(one)
    return {one.name: draw(values_of(one)) for one in taken}


def holds(found: Value, wanted: Value) -> bool:
    """Whether a value that was read has all that was written."""
    if isinstance(wanted, Mapping):
        assert isinstance(found, Mapping)
        return all(holds(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, tuple):
        assert isinstance(found, tuple)
        pairs = zip(found, wanted, strict=True)
        return all(holds(one, other) for one, other in pairs)
    return found == wanted


@settings(
    max_examples=400, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.data())
def test_a_record_is_read_as_it_was_written(data: st.DataObject) -> None:
    target, name = data.draw(st.sampled_from(LAYOUTS))
    layout = abi.target(*target).struct(name)
    values = data.draw(records_of(layout))
    packed = layout.pack(values)
    assert len(packed) == layout.size
    found = layout.unpack(packed)
    assert holds(found, values)
    assert layout.pack(found) == packed


@pytest.mark.parametrize("target", abi.targets(), ids="-".join)
def test_every_struct_of_a_target_survives_a_round_trip(target: tuple[str, str]) -> None:
    random_bytes = random.Random(20140101).randbytes
    for name, layout in abi.target(*target).structs.items():
        for data in (bytes(layout.size), b"\xff" * layout.size, random_bytes(layout.size)):
            values = layout.unpack(data)
            again = layout.unpack(layout.pack(values))
            # A NaN is unequal to itself: compare what is shown.
            assert repr(again) == repr(values), name
            assert layout.unpack(b"\0" * 3 + data, 3).keys() == values.keys()


# -- byte order and widths ---------------------------------------------------------
def test_the_targets_byte_order_is_used() -> None:
    big = abi.target("freebsd", "powerpc64").struct("struct ptrace_vm_entry")
    little = abi.target("freebsd", "powerpc64le").struct("struct ptrace_vm_entry")
    values = {"pve_entry": 1, "pve_start": 0x1000, "pve_fsid": 7}
    assert big.pack(values)[:16] == bytes.fromhex("00000001 00000000 0000000000001000")
    assert little.pack(values)[:16] == bytes.fromhex("01000000 00000000 0010000000000000")
    assert {**big.unpack(big.pack(values))} == {**little.unpack(little.pack(values))}


def test_pointers_and_long_are_as_wide_as_the_target_says() -> None:
    for machine, size in (("sparc", 4), ("sparc64", 8), ("mipseb", 4), ("riscv32", 4)):
        layout = abi.target("netbsd", machine).struct("struct ptrace_io_desc")
        assert layout.field("piod_addr").size == size
        assert layout.size == 4 * size


def test_i386_aligns_wide_numbers_to_four() -> None:
    layout = abi.target("freebsd", "i386").struct("struct ptrace_xstate_info")
    assert layout.size == 12
    assert layout.unpack(bytes(range(12)))["xsave_len"] == 0x0B0A0908


def test_numbers_of_128_bits() -> None:
    layout = abi.target("freebsd", "arm64").struct("struct fpreg")
    top = (1 << 128) - 1
    packed = layout.pack({"fp_q": (top, 1) + (0,) * 30, "fp_cr": 5})
    assert packed[:32] == b"\xff" * 16 + b"\1" + bytes(15)
    found = layout.unpack(packed)["fp_q"]
    assert isinstance(found, tuple)
    assert found[0] == top
    with pytest.raises(ValueError, match="does not fit"):
        layout.pack({"fp_q": (top + 1,) + (0,) * 31})
    with pytest.raises(TypeError):
        layout.pack({"fp_q": ("1",) + (0,) * 31})  # type: ignore[dict-item]


def test_long_double_is_kept_as_its_bytes() -> None:
    union = abi.target("netbsd", "sparc64").struct("mcontext_t")
    inner = union.field("__fpregs.__fpu_fr.__fpu_qregs")
    assert (inner.element, inner.element_size, inner.dims) == ("float", 16, (16,))
    data = bytes(range(256)) * 8
    found = union.get(data, "__fpregs.__fpu_fr.__fpu_qregs")
    assert isinstance(found, tuple)
    assert found[1] == data[inner.offset + 16 : inner.offset + 32]


def test_a_union_keeps_every_bit() -> None:
    """A signalling NaN, read as a float and as bits, is written back as the bits."""
    layout = abi.target("netbsd", "mipseb").struct("mcontext_t").field("__fpregs.__fp_r").struct
    assert layout is not None
    data = bytes.fromhex("7fa00001") * (layout.size // 4)
    values = layout.unpack(data)
    assert layout.pack(values) == data
    assert layout.pack(dict(reversed(values.items()))) == data


def test_char_is_signed_where_the_machine_says_so() -> None:
    for machine, value in (("amd64", -1), ("arm", 255)):
        layout = abi.target("freebsd", machine).struct("struct kinfo_proc")
        assert layout.get(b"\xff" * layout.size, "ki_stat") == value
        assert layout.get(b"\xff" * layout.size, "ki_nice") == -1
        assert layout.get(b"\xff" * layout.size, "ki_oncpu_old") == 255


def test_char_arrays_are_bytes_in_all_dimensions() -> None:
    layout = AMD64.struct("struct fpreg")
    found = layout.unpack(bytes(range(256)) * 2)["fpr_acc"]
    assert isinstance(found, tuple)
    assert found[0] == bytes(range(32, 48))
    assert len(found) == 8


def test_char_arrays_are_filled_up_with_zeros() -> None:
    packed = LWPINFO.pack({"pl_tdname": b"worker"})
    assert LWPINFO.get(packed, "pl_tdname") == b"worker" + bytes(14)


# -- fields --------------------------------------------------------------------------
def test_fields_tell_where_they_lie() -> None:
    length = IO_DESC.field("piod_len")
    assert (length.offset, length.size, length.kind) == (24, 8, "uint")
    assert [one.name for one in IO_DESC.fields] == [
        "piod_op", "piod_offs", "piod_addr", "piod_len",
    ]  # fmt: skip
    assert IO_DESC.field("piod_offs").kind == "pointer"


def test_dotted_names_reach_into_nested_structs() -> None:
    band = LWPINFO.field("pl_siginfo._reason._poll._band")
    assert (band.offset, band.size) == (88, 8)
    data = bytearray(LWPINFO.size)
    LWPINFO.put(data, "pl_siginfo._reason._poll._band", -2)
    assert LWPINFO.get(data, "pl_siginfo._reason._poll._band") == -2
    assert data[88:96] == struct.pack("<q", -2)


def test_members_of_anonymous_unions_are_the_structs_own() -> None:
    layout = AMD64.struct("struct kinfo_file")
    assert layout.field("kf_vnode_type").offset == layout.field("kf_un").offset == 32
    assert layout.field("kf_un.kf_file.kf_file_mode").offset == 328


def test_records_may_lie_anywhere_in_a_buffer() -> None:
    data = bytearray(200)
    IO_DESC.put(data, "piod_len", 7, offset=100)
    assert IO_DESC.unpack(memoryview(data), 100)["piod_len"] == 7
    assert data[124] == 7
    IO_DESC.fill(data, 100, {"piod_op": 3})
    assert IO_DESC.get(data, "piod_len", 100) == 7


def test_a_struct_shows_itself() -> None:
    assert repr(IO_DESC) == "<struct ptrace_io_desc, 32 bytes, little-endian>"
    assert AMD64.struct("union sigval").union
    assert AMD64.struct("siginfo_t") is AMD64.struct("struct __siginfo")


# -- readers -------------------------------------------------------------------------
def test_readers_give_numbers_in_the_order_asked_for() -> None:
    data = bytes(range(256))
    values = LWPINFO.unpack(data)
    names = ("pl_flags", "pl_lwpid", "pl_child_pid")
    assert LWPINFO.reader(*names)(data) == tuple(values[name] for name in names)
    assert LWPINFO.reader(*sorted(names))(data, 4) == tuple(
        LWPINFO.get(data, name, 4) for name in sorted(names)
    )
    assert LWPINFO.reader("pl_flags")(data) == (values["pl_flags"],)
    assert LWPINFO.reader()(data) == ()
    assert LWPINFO.reader(*names) is LWPINFO.reader(*names)


def test_readers_take_dotted_and_overlapping_fields() -> None:
    data = bytes(range(256))
    names = ("pl_siginfo.si_addr", "pl_siginfo._reason._fault._trapno",
             "pl_siginfo._reason._poll._band", "pl_lwpid", "pl_lwpid")  # fmt: skip
    assert LWPINFO.reader(*names)(data, 1) == tuple(LWPINFO.get(data, name, 1) for name in names)


def test_readers_need_no_more_than_they_read() -> None:
    read = LWPINFO.reader("pl_flags")
    assert read(bytes(12)) == (0,)
    with pytest.raises(abi.Truncated, match="ptrace_lwpinfo"):
        read(bytes(11))
    with pytest.raises(abi.Truncated):
        LWPINFO.reader("pl_siginfo.si_value.sival_int", "pl_siginfo.si_value.sival_ptr")(b"")
    with pytest.raises(ValueError, match="negative"):
        read(bytes(100), -20)


@pytest.mark.parametrize("name", ["pl_tdname", "pl_sigmask", "pl_siginfo._reason"])
def test_readers_refuse_what_is_no_number(name: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        LWPINFO.reader(name)


# -- what goes wrong -----------------------------------------------------------------
@pytest.mark.parametrize("size", [0, 1, 31])
def test_truncated_records_are_refused(size: int) -> None:
    message = f"struct ptrace_io_desc takes 32 bytes, {size} are there"
    with pytest.raises(abi.Truncated, match=message):
        IO_DESC.unpack(bytes(size))
    with pytest.raises(abi.Truncated, match=message):
        IO_DESC.get(bytes(size), "piod_op")
    with pytest.raises(abi.Truncated, match=message):
        IO_DESC.put(bytearray(size), "piod_op", 1)
    with pytest.raises(abi.Truncated, match=message):
        IO_DESC.fill(bytearray(size), 0, {})


def test_a_record_that_begins_beyond_the_buffer_is_refused() -> None:
    with pytest.raises(abi.Truncated, match="0 are there"):
        IO_DESC.unpack(bytes(40), 50)
    with pytest.raises(ValueError, match="negative"):
        IO_DESC.unpack(bytes(40), -8)


@pytest.mark.parametrize("name", ["piod_none", "", "piod_op.x", "piod_op.", "reg"])
def test_unknown_fields_are_named(name: str) -> None:
    with pytest.raises(abi.UnknownField) as caught:
        IO_DESC.get(bytes(32), name)
    assert "struct ptrace_io_desc has no field" in str(caught.value)
    with pytest.raises(KeyError):
        IO_DESC.pack({name: 1})
    with pytest.raises(KeyError):
        IO_DESC.reader(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [("piod_op", 1 << 31), ("piod_op", -(1 << 31) - 1), ("piod_len", -1), ("piod_addr", 1 << 64),
     ("piod_op", 1.5)],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(name: str, value: Value) -> None:
    with pytest.raises(ValueError, match=f"struct ptrace_io_desc: {name}: .* does not fit"):
        IO_DESC.pack({name: value})
    whole: dict[str, Value] = dict.fromkeys(("piod_op", "piod_offs", "piod_addr", "piod_len"), 0)
    with pytest.raises(ValueError, match=name):
        IO_DESC.pack(whole | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("pl_lwpid", "1"), ("pl_lwpid", b"1"), ("pl_tdname", "x"), ("pl_tdname", 1),
     ("pl_sigmask", 1), ("pl_sigmask", (1, 2)), ("pl_sigmask", {"__bits": 5}),
     ("pl_sigmask", {"__bits": (1, 2, 3, "4")})],
)  # fmt: skip
def test_values_of_another_kind_are_refused(name: str, value: Value) -> None:
    with pytest.raises(TypeError, match=f"struct ptrace_lwpinfo: {name}"):
        LWPINFO.pack({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("pl_tdname", bytes(21)), ("pl_sigmask", {"__bits": (1, 2, 3)}),
     ("pl_sigmask", {"__bits": (0, 0, 0, 1 << 32)}), ("pl_sigmask", {"__bits": (0,) * 5})],
)  # fmt: skip
def test_arrays_of_another_length_are_refused(name: str, value: Value) -> None:
    with pytest.raises(ValueError, match=f"struct ptrace_lwpinfo: {name}"):
        LWPINFO.pack({name: value})
