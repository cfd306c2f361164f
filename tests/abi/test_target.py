"""Targets: what there is, what it holds, when it is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bsdproc import abi
from bsdproc.abi.machines import MACHINES

FREEBSD = {"amd64", "i386", "arm64", "arm", "riscv64", "powerpc64", "powerpc64le"}
NETBSD = {
    "amd64", "i386", "aarch64", "arm", "riscv64", "riscv32", "powerpc", "sparc", "sparc64",
    "mipseb", "mipsel",
}  # fmt: skip


def test_every_target_is_there() -> None:
    assert set(abi.targets()) == (
        {("freebsd", name) for name in FREEBSD}
        | {("netbsd", name) for name in NETBSD}
        | {("dragonfly", "x86_64")}
    )
    assert len(abi.targets()) == 19


def test_a_target_is_loaded_once() -> None:
    target = abi.target("netbsd", "sparc64")
    assert abi.target("netbsd", "sparc64") is target
    assert (target.system, target.machine) == ("netbsd", "sparc64")
    assert (target.pointer, target.byteorder) == (8, "big")
    assert repr(target) == "<netbsd/sparc64>"


@pytest.mark.parametrize(
    ("system", "machine", "message"),
    [
        ("freebsd", "vax", "unknown machine 'vax' of freebsd: there are amd64, i386, arm64"),
        ("freebsd", "", "unknown machine ''"),
        ("openbsd", "amd64", "unknown system 'openbsd': there are dragonfly, freebsd, netbsd"),
    ],
)
def test_an_unknown_target_names_the_known_ones(system: str, machine: str, message: str) -> None:
    with pytest.raises(abi.UnknownTarget, match=message):
        abi.target(system, machine)
    with pytest.raises(ValueError, match=message):
        abi.target(system, machine)


def test_structs_are_known_by_their_c_names() -> None:
    target = abi.target("freebsd", "amd64")
    assert target.has("struct reg")
    assert target.has("siginfo_t")
    assert not target.has("reg")
    assert "struct reg" in target.structs
    assert len(target.structs) == len(list(target.structs))
    assert target.structs["struct reg"] is target.struct("struct reg")
    assert target.structs["siginfo_t"].name == "struct __siginfo"
    assert target.structs["siginfo_t"].tag == "__siginfo"
    unnamed = abi.target("netbsd", "amd64").struct("sigset_t")
    assert (unnamed.name, unnamed.tag) == ("sigset_t", None)


def test_nothing_of_the_generator_shows() -> None:
    for row in abi.targets():
        target = abi.target(*row)
        names = {*target.structs, *target.scalars, *target.constants}
        assert not [name for name in names if "bsdproc" in name or "$" in name]
        for struct in target.structs.values():
            assert not [one.name for one in struct.fields if one.name.startswith("__hole")]


@pytest.mark.parametrize("name", ["struct dbreg64", "reg", "", "struct", "int", "pid_t"])
def test_an_unknown_struct_is_named(name: str) -> None:
    with pytest.raises(abi.UnknownStruct) as caught:
        abi.target("netbsd", "sparc").struct(name)
    assert str(caught.value) == f"netbsd/sparc has no {name!r}"
    assert isinstance(caught.value, KeyError)


def test_scalars_are_the_other_names_of_types() -> None:
    scalars = abi.target("freebsd", "i386").scalars
    assert (scalars["time_t"].size, scalars["time_t"].kind, scalars["time_t"].signed) == (
        4, "int", True,
    )  # fmt: skip
    assert scalars["uid_t"].kind == "uint"
    assert scalars["prgregset_t"].kind == "array"
    assert "siginfo_t" not in scalars


def test_constants_have_their_values_in_c() -> None:
    constants = abi.target("freebsd", "amd64").constants
    assert constants["PT_IO"] == 12
    assert constants["KF_FD_TYPE_CWD"] == -1
    assert constants["KI_CRF_GRP_OVERFLOW"] == 0x80000000
    assert constants["XSTATE_XCOMP_BV_COMPACT"] == 1 << 63
    assert constants["P_PGID"] == 2, "an enumerator"
    assert abi.target("dragonfly", "x86_64").constants["SI_QUEUE"] == -1
    with pytest.raises(KeyError):
        constants["PT_NONE"]
    with pytest.raises(TypeError):
        constants["PT_IO"] = 1  # type: ignore[index]


def test_machines_have_requests_of_their_own() -> None:
    def requests(system: str, machine: str) -> set[str]:
        return {name for name in abi.target(system, machine).constants if name.startswith("PT_")}

    assert "PT_GETXSTATE" in requests("freebsd", "amd64")
    assert "PT_GETXMMREGS" in requests("freebsd", "i386")
    assert "PT_GETVFPREGS" in requests("freebsd", "arm")
    assert "PT_GETVRREGS" in requests("freebsd", "powerpc64le")
    assert "PT_SETSTEP" not in requests("netbsd", "mipseb")


IMPORTED = """
import sys
import bsdproc
from bsdproc import abi
loaded = [name for name in sys.modules if name.startswith("bsdproc.abi._layouts.")]
assert not loaded, loaded
abi.targets()
abi.target("netbsd", "arm")
loaded = [name for name in sys.modules if name.startswith("bsdproc.abi._layouts.")]
assert loaded == ["bsdproc.abi._layouts.netbsd_arm"], loaded
assert "cffi" not in sys.modules and "pycparser" not in sys.modules
"""


def test_a_targets_layouts_are_imported_when_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_layouts_say_how_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    row = MACHINES[0]._replace(machine="pdp11")
    monkeypatch.setattr("bsdproc.abi.lookup.MACHINES", (row,))
    with pytest.raises(ImportError, match=r"freebsd/pdp11 .* `python build_ffi.py`"):
        abi.target("freebsd", "pdp11")
