"""Every example script, run as a user would, and what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NATIVE = os.environ.get("BSDPROC_KERNEL", "emulated") == "native"
SHOWN = {
    "attach.py": [r"thread \d+ \(ticker\) at 0x[0-9a-f]+", r"it has ticked \d+ times"] * 3
    + [r"Exited\(pid=\d+, status=0, raw=0\)"],
    "breakpoints.py": [
        r"<Signal.SIGUSR1: 30> from \d+",
        r"greet\('parent', 'the child sent signal ', 30\) from main\+0x[0-9a-f]+",
        r"parent: the child sent signal 30",
        r"greet\('parent', 'the child exited with ', 3\) from main\+0x[0-9a-f]+",
        r"parent: the child exited with 3", r"exited with 0"],
    "fault_report.py": [
        r"<Signal.SIGSEGV: 11> at address 0x0", r"  0x[0-9a-f]+ value_of\+0x[0-9a-f]+",
        r"  0x[0-9a-f]+ third\+0x[0-9a-f]+", r"killed by <Signal.SIGSEGV: 11>(, core dumped)?"],
    "follow_forks.py": [r"\d+ exits with 0", r"  \d+ exits with 3"],
    "memory_map.py": [
        r"stands at 0x[0-9a-f]+, its stack at 0x[0-9a-f]+",
        r" +0x[0-9a-f]+ +0x[0-9a-f]+ r-x +4 KiB /.*/hello"],
    "post_mortem.py": [
        r"died of <Signal.SIGSEGV: 11>, <SegvCode.SEGV_MAPERR: 1>",
        r"  0x[0-9a-f]+ value_of\+0x[0-9a-f]+", r"  0x[0-9a-f]+ third\+0x[0-9a-f]+"],
    "settings.py": [
        "a fresh program:", r"  aslr      Aslr\(policy=.*, active=(True|False)\)",
        r"  traced    TraceStatus\(enabled=True, tracer=None\)",
        r"  aslr      Aslr\(policy=<AslrPolicy.PROC_ASLR_FORCE_DISABLE: 2>, active=False\)"],
    "supervise.py": [
        r"Exited\(pid=\d+, status=0, raw=0\)", r"\d+ is below, an orphan", r"\d+ ended, 0 left"],
    "syscalls.py": [r"process \d+ exits with 3", r"process \d+ exits with 0",
                    r"write +3 +0 failed", r"sigsuspend +1 +1 failed"],
    "watch.py": [r"greetings is 1, written before greet\+0x[0-9a-f]+",
                 r"greetings is 2, written before greet\+0x[0-9a-f]+", "exited with 0"],
}
SISTERS = {
    "netbsd": {
        "attach.py": SHOWN["attach.py"],
        "breakpoints.py": [
            r"<Signal.SIGUSR1: 30> from \d+",
            r"greet\('parent', 'the child sent signal ', 30\) from main\+0x[0-9a-f]+",
            r"greet\('parent', 'the child exited with ', 3\) from main\+0x[0-9a-f]+",
            r"exited with 0"],
        "fault_report.py": [*SHOWN["fault_report.py"][:3], "killed by <Signal.SIGSEGV: 11>"],
        "follow_forks.py": SHOWN["follow_forks.py"],
        "memory_map.py": SHOWN["memory_map.py"],
        "post_mortem.py": SHOWN["post_mortem.py"],
        "settings.py": ["  core name %n.core", r"  core name /tmp/%n\.%p\.core"],
        "supervise.py": [r"\d+ exits with 0"] * 3,
        "syscalls.py": [r"process \d+ exits with 3", r"process \d+ exits with 0",
                        r"write +3 +0 failed", r"__sigsuspend14 +1 +1 failed"],
        "watch.py": SHOWN["watch.py"],
    },
    "dragonfly": {
        "attach.py": SHOWN["attach.py"],
        "breakpoints.py": [r"<Signal.SIGUSR1: 30> from None",
                           r"handler\(30, .*\) from 0x7f[0-9a-f]+", "exited with 0"],
        "fault_report.py": [*SHOWN["fault_report.py"][:3], "killed by <Signal.SIGSEGV: 11>"],
        "follow_forks.py": [r"\d+ exits with 0", r"  \d+ is not followed"],
        "memory_map.py": SHOWN["memory_map.py"],
        "post_mortem.py": [r"no request of DragonFly's writes a core, .*"],
        "settings.py": [r"  title     \('ticker',\)", r"  reaper .*refs=0, pid_head=\d+\)",
                        r"  reaper .*OWNED: 1>, refs=1, pid_head=\d+\)"],
        "supervise.py": SHOWN["supervise.py"],
        "syscalls.py": [r"process \d+ exits with 0", r"write +2 +0 failed",
                        r"sigsuspend +1 +1 failed"],
        "watch.py": SHOWN["watch.py"],
    },
}
"""On the other two."""


def test_each_script_is_known_here() -> None:
    scripts = {path.name for path in EXAMPLES.glob("*.py") if not path.name.startswith("_")}
    assert scripts - {"run_all.py"} == set(SHOWN)


@pytest.mark.parametrize("script", SHOWN)
def test_a_script_shows(script: str, tmp_path: Path) -> None:
    run(script, SHOWN[script], tmp_path, *([] if NATIVE else ["--emulate"]))


@pytest.mark.skipif(NATIVE, reason="a real kernel is one system")
@pytest.mark.parametrize("script", SHOWN)
@pytest.mark.parametrize("system", SISTERS)
def test_a_script_shows_the_like_on_the_other_systems(
        system: str, script: str, tmp_path: Path) -> None:
    run(script, SISTERS[system][script], tmp_path, f"--emulate={system}")


def run(script: str, shown: list[str], tmp_path: Path, *words: str) -> None:
    """It writes lines like these, in this order, and others."""
    done = subprocess.run([sys.executable, str(EXAMPLES / script), *words], capture_output=True,
                          text=True, check=False, timeout=120, cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0
    lines = iter(done.stdout.splitlines())
    for pattern in shown:
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, done.stdout)


def test_scripts_are_short() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) < 60, path.name
