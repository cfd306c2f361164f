"""Every request, sysctl and node of the headers has a typed function."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest
from tests.headers import header

from bsdproc import abi
from bsdproc.netbsd import procfs, surface
from bsdproc.tools import main

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]

# The names that are requests: what is left of each prefix when the values and ELF's are gone.
_ELF = r"NULL|LOAD|DYNAMIC|INTERP|NOTE|SHLIB|PHDR|TLS|NUM|LOOS|HIOS|LOPROC|HIPROC|FIRSTMACH" \
       r"|(?:MACHDEP_)?STRINGS|(?:GNU|MIPS|AARCH64|ARM)_\w+"
REQUESTS = {
    "ptrace": rf"PT_(?!(?:{_ELF})$)\w+",
    "sysctl": r"KERN_(?:PROC2|LWP|FILE2)|KERN_PROC_(?!ARGS|TTY_)\w+|KERN_FILE_\w+|VM_PROC_MAP"
              r"|PROC_PID_(?!LIMIT_)\w+",
}


def requests(machine: str) -> dict[str, list[str]]:
    constants = abi.target("netbsd", machine).constants
    return {
        call: [name for name in constants if re.fullmatch(pattern, name)]
        for call, pattern in REQUESTS.items()
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_every_request_has_a_function(machine: str) -> None:
    for names in requests(machine).values():
        assert names
        assert not [name for name in names if name not in surface.FUNCTIONS]


def test_as_many_names_as_were_counted_in_the_headers() -> None:
    """The names are found at all: as many as were counted in the headers."""
    counted = {"amd64": 11, "i386": 13, "aarch64": 7, "arm": 4, "riscv64": 4, "riscv32": 4,
               "powerpc": 9, "sparc": 4, "sparc64": 4, "mipseb": 4, "mipsel": 4}
    assert set(counted) == set(MACHINES)
    for machine, own in counted.items():
        found = requests(machine)
        assert len(found["ptrace"]) == 26 + own, machine
        assert len(found["sysctl"]) == 3 + 9 + 6 + 2 + 1 + 6


def test_no_function_stands_for_a_name_that_is_not_there() -> None:
    known = {name for machine in MACHINES for names in requests(machine).values()
             for name in names}
    assert set(surface.FUNCTIONS) == known


@pytest.mark.toolchain
def test_every_node_of_the_header_has_a_function() -> None:
    """The pfstypes are the kernel's own and not measured; their list is a text."""
    text = header("netbsd", "miscfs/procfs/procfs.h")
    types = re.findall(r"^\t(PFS\w+),", text[text.index("typedef enum {"):text.index("} pfstype")],
                       re.MULTILINE)
    assert len(types) == 47
    assert set(types) - {"PFSlast"} == set(surface.NODES)
    assert set(surface.NODES) == {node.type for node in procfs.NODES.values()}


# The table of revision 1.114's procfs_loadvnode: pfstype, permission bits, type of vnode.
SEED = """
    root 0555 VDIR; proc 0555 VDIR; task 0555 VDIR; curproc 0555 VLNK; self 0555 VLNK
    cwd 0555 VLNK; chroot 0555 VLNK; exe 0555 VLNK; fd 0500 VDIR; file 0600 VREG; mem 0600 VREG
    regs 0600 VREG; fpregs 0600 VREG; note 0200 VREG; notepg 0200 VREG; map 0400 VREG
    maps 0400 VREG; auxv 0400 VREG; environ 0400 VREG; status 0444 VREG; stat 0444 VREG
    cmdline 0444 VREG; emul 0444 VREG; meminfo 0444 VREG; cpustat 0444 VREG; devices 0444 VREG
    cpuinfo 0444 VREG; uptime 0444 VREG; mounts 0444 VREG; loadavg 0444 VREG; statm 0444 VREG
    version 0444 VREG; limit 0444 VREG
"""
KINDS = {"VDIR": "directory", "VLNK": "link", "VREG": "file"}


def test_nodes_are_those_of_the_kernel() -> None:
    rows = [row.split() for row in re.split(r"[;\n]", SEED) if row.strip()]
    assert len(rows) == 33
    first: dict[str, procfs.Node] = {}
    for node in procfs.node_modes().values():
        first.setdefault(node.type, node)
    for name, mode, kind in rows:
        node = first[f"PFS{name}"]
        assert (node.mode, node.kind) == (int(mode, 8), KINDS[kind]), name


def test_what_only_a_linux_mount_shows() -> None:
    shown = procfs.node_modes(linux=False)
    assert set(procfs.NODES) - set(shown) == {
        path for path, node in procfs.NODES.items() if node.linux}
    assert {"PID/exe", "PID/maps", "PID/auxv", "PID/environ", "PID/limit", "self"} <= set(shown)
    assert not {"PID/stat", "PID/statm", "PID/task", "PID/limits", "meminfo", "sysvipc/msg",
                "sys/fs/mqueue/msg_max"} & set(shown)


def test_every_python_name_is_there() -> None:
    for entry in surface.entries():
        module, _, name = entry.python.rpartition(".")
        if entry.name in surface.FUNCTIONS:
            function = getattr(import_module(module), name)
            assert callable(function)
            said = function.__doc__ or ""
            plain = {"KERN_PROC2": "kern.proc2", "KERN_LWP": "kern.lwp", "KERN_FILE2": "kern.file2"}
            assert plain.get(entry.name, entry.name) in said, f"{entry.python} does not say so"
        elif entry.name in surface.NODES:
            assert callable(getattr(import_module(module), name))
        else:
            module, _, kind = module.rpartition(".")
            assert name in getattr(import_module(module), kind).__members__


def test_a_function_for_two_names_is_meant_to_be() -> None:
    named = [*surface.FUNCTIONS.values(), *surface.NODES.values()]
    assert {name for name in named if named.count(name) > 1} == {
        "kinfo.processes", "kinfo.files", "procfs.directory"}


def test_names_of_one_machine_say_so() -> None:
    by_name = {(entry.name, entry.machine) for entry in surface.entries()}
    assert ("PT_GETREGS", None) in by_name
    assert ("PT_STEP", "aarch64") in by_name
    assert ("PT_STEP", None) not in by_name
    assert ("PT_STEP", "mipsel") not in by_name
    assert ("PFSstatus", None) in by_name


def test_the_command_lists_requests_and_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["surface", "netbsd", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"system": "netbsd", "machine": None, "name": "PT_LWPSTATUS",
            "python": "bsdproc.netbsd.ptrace.lwpstatus"} in listed
    assert {"system": "netbsd", "machine": None, "name": "PFSmaps",
            "python": "bsdproc.netbsd.procfs.maps"} in listed
    assert {tuple(one) for one in listed} == {("system", "machine", "name", "python")}
