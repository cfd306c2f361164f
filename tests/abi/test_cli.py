"""`bsdproc abi` and the command that finds commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc import abi
from bsdproc.tools import main as tool
from bsdproc.tools.main import main

DRAGONFLY = Path(__file__).parent / "dragonfly-5.9-x86_64.json"


def test_json_has_every_entry_of_a_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "--json", "dragonfly", "x86_64"]) == 0
    shown = json.loads(capsys.readouterr().out)
    measured = json.loads(DRAGONFLY.read_text())
    assert shown.keys() == measured.keys()
    for key in ("target", "pointer", "little_endian"):
        assert shown[key] == measured[key]
    for key in ("structs", "constants"):
        assert {name: shown[key][name] for name in measured[key]} == measured[key]


def test_json_values_are_signed_64_bit_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "--json", "freebsd", "amd64"]) == 0
    constants = json.loads(capsys.readouterr().out)["constants"]
    assert constants["XSTATE_XCOMP_BV_COMPACT"] == -(1 << 63)
    assert constants["KI_CRF_GRP_OVERFLOW"] == 1 << 31


def test_a_struct_is_shown_with_its_holes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "freebsd", "amd64", "struct ptrace_io_desc"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "struct ptrace_io_desc  (struct, 32 bytes)",
        "  offset    size  type",
        "       0       4  int32 piod_op",
        "       4       4  (hole)",
        "       8       8  pointer piod_offs",
        "      16       8  pointer piod_addr",
        "      24       8  uint64 piod_len",
    ]


def test_nested_types_without_a_name_are_shown_in_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["abi", "freebsd", "amd64", "struct savefpu", "struct thrmisc"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("      32     128  struct[8] sv_fp")
    assert lines[at + 1 : at + 3] == [
        "      32      10      struct fpacc87 fp_acc",
        "      42       6      char[6] fp_pad",
    ]
    assert lines[-1] == "      20       4  uint32 _pad"


@pytest.mark.parametrize("target", abi.targets(), ids="-".join)
def test_every_struct_can_be_shown(
    target: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["abi", *target, *abi.target(*target).structs]) == 0
    for line in capsys.readouterr().out.splitlines():
        if line.startswith(" ") and "offset" not in line:
            offset, size, *_ = line.split()
            assert int(offset) >= 0
            assert int(size) > 0


def test_scalars_and_constants_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "freebsd", "arm", "time_t", "PROC_ASLR_ACTIVE"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "time_t  (int, 8 bytes)",
        "",
        "PROC_ASLR_ACTIVE = 2147483648 (0x80000000)",
    ]


def test_a_target_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "netbsd", "sparc"]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("netbsd/sparc: big-endian, 4-byte pointers, ")
    assert "      80  struct reg" in rows


def test_targets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 19
    assert main(["abi", "dragonfly"]) == 0
    assert capsys.readouterr().out == "dragonfly x86_64\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["netbsd", "vax"], "unknown machine 'vax' of netbsd: there are amd64"),
        (["plan9", "amd64"], "unknown system 'plan9': there are dragonfly"),
        (["--json", "plan9", "amd64"], "unknown system 'plan9'"),
        (["netbsd", "arm", "struct dbreg"], "netbsd/arm has no 'struct dbreg'"),
    ],
)
def test_what_is_unknown_is_told_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["abi", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"bsdproc abi: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["abi", "plan9"], ["abi", "--json"], ["abi", "--json", "netbsd"],
     ["abi", "--json", "netbsd", "arm", "struct reg"], ["abi", "--xml"]],
)  # fmt: skip
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: bsdproc" in capsys.readouterr().err


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert not caught.value.code
    shown = capsys.readouterr().out
    for name, command in tool.COMMANDS.items():
        assert name in shown
        assert command.help in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("bsdproc ")


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(argv: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bsdproc.tools.abi.main", interrupted)
    assert main(["abi"]) == 130


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "bsdproc", "abi", "--json", "freebsd", "amd64"],
        stdout=write, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
