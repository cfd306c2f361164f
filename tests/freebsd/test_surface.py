"""Every request, command and sysctl of the headers has a typed function."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest

from bsdproc import abi
from bsdproc.freebsd import procfs, surface
from bsdproc.kernel import Kernel
from bsdproc.tools import main

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]

# The names that are requests: what is left of each prefix when the values and ELF's are gone.
_ELF = r"NULL|LOAD|DYNAMIC|INTERP|NOTE|SHLIB|PHDR|TLS|LOOS|HIOS|LOPROC|HIPROC|LOSUNW|HISUNW" \
       r"|DUMP_DELTA|(?:SUNW|GNU_|ARM_|MIPS_|OPENBSD_).*|FIRSTMACH|LASTMACH"
REQUESTS = {
    "ptrace": rf"PT_(?!(?:{_ELF})$)\w+",
    "procctl": r"PROC_(?:SPROTECT|REAP_\w+|\w+_CTL|\w+_STATUS)",
    "kern.proc": r"KERN_PROC_\w+",
}


def requests(machine: str) -> dict[str, list[str]]:
    constants = abi.target("freebsd", machine).constants
    return {
        call: [name for name in constants if re.fullmatch(pattern, name)]
        for call, pattern in REQUESTS.items()
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_every_request_has_a_function(machine: str) -> None:
    for names in requests(machine).values():
        assert names
        assert not [name for name in names if name not in surface.FUNCTIONS]


def test_counts() -> None:
    """The names are found at all: as many as were counted in the headers."""
    found = requests("amd64")
    assert len(found["ptrace"]) == 39 + 9       # every machine's, amd64's
    assert len(found["procctl"]) == 24 + 4
    assert len(found["kern.proc"]) == 33
    assert len(requests("i386")["ptrace"]) == 39 + 11
    assert len(requests("arm")["ptrace"]) == len(requests("arm64")["ptrace"]) == 39 + 2
    assert len(requests("powerpc64")["ptrace"]) == 39 + 4


def test_no_function_stands_for_a_name_that_is_not_there() -> None:
    known = {name for machine in MACHINES for names in requests(machine).values()
             for name in names}
    assert set(surface.FUNCTIONS) == known


# procfs_init of sys/fs/procfs/procfs.c; the nodes of linprocfs and of FreeBSD 4 that the
# interface is also known by.
PROCFS = ("curproc cmdline dbregs etype file fpregs map mem note notepg osrel regs rlimit status"
          " auxv ctl environ exe fd")


def test_every_node_has_a_function(kernel: Kernel) -> None:
    assert set(surface.NODES) == set(PROCFS.split())
    there = {name for name in kernel.listdir("/proc") if not name.isdigit()}
    there |= set(kernel.listdir(f"/proc/{kernel.getpid()}"))
    assert there == {*procfs.NODES, "curproc"}
    assert there <= set(surface.NODES)


def test_what_a_node_can_do_has_a_function() -> None:
    """A function that reads, one that writes, as the node's mode has it."""
    for name, node in procfs.NODES.items():
        functions = [getattr(procfs, made, None)
                     for made in (f"read_{name}", f"write_{name}", name, f"set_{name}")]
        reads = functions[0] or (functions[2] if node.mode & 0o400 else None)
        writes = functions[1] or (functions[3] if node.mode & 0o400 else functions[2])
        assert callable(reads) == bool(node.mode & 0o400), name
        assert callable(writes) == bool(node.mode & 0o200), name


def test_every_python_name_is_there() -> None:
    for entry in surface.entries():
        module, _, name = entry.python.rpartition(".")
        if entry.name in {**surface.FUNCTIONS, **surface.NODES}:
            function = getattr(import_module(module), name)
            assert callable(function)
            assert entry.name in (function.__doc__ or ""), f"{entry.python} does not say so"
        else:
            module, _, kind = module.rpartition(".")
            assert name in getattr(import_module(module), kind).__members__


def test_a_function_for_two_requests_is_their_only_one() -> None:
    """Functions that stand for more than one name are those that were meant to."""
    shared = {name for name in surface.FUNCTIONS.values()
              if list(surface.FUNCTIONS.values()).count(name) > 1}
    assert shared == {"kinfo.processes"}


def test_names_of_one_machine_say_so() -> None:
    by_name = {(entry.name, entry.machine) for entry in surface.entries()}
    assert ("PT_GETREGS", None) in by_name
    assert ("PT_GETVRREGS", "powerpc64le") in by_name
    assert ("PT_GETVRREGS", None) not in by_name


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["surface", "freebsd", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"system": "freebsd", "machine": None, "name": "PT_LWPINFO",
            "python": "bsdproc.freebsd.ptrace.lwpinfo"} in listed
    assert {"system": "freebsd", "machine": None, "name": "etype",
            "python": "bsdproc.freebsd.procfs.etype"} in listed
    assert {tuple(one) for one in listed} == {("system", "machine", "name", "python")}
    assert main.main(["surface", "freebsd"]) == 0
    assert "bsdproc.freebsd.procctl.reap_kill" in capsys.readouterr().out
