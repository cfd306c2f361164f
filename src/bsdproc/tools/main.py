"""The `bsdproc` command: finds the command that is asked for and runs it.

A command is a module with `main(argv) -> int`, imported when it is asked for; argv is what
follows its name.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import bsdproc


class Command(NamedTuple):
    module: str
    help: str


COMMANDS: Mapping[str, Command] = {
    "abi": Command("bsdproc.tools.abi", "show what is declared of a target's C interface"),
    "truss": Command("bsdproc.tools.truss", "show the system calls and signals of a program"),
    "procstat": Command("bsdproc.tools.procstat", "show what processes are and have"),
    "proccontrol": Command("bsdproc.tools.proccontrol", "ask for or set what procctl(2) controls"),
    "reap": Command("bsdproc.tools.reap", "run a command and end all that it leaves behind"),
    "core": Command("bsdproc.tools.core", "show what a core file says of its process"),
    "surface": Command("bsdproc.tools.surface", "show where each C name is found in Python"),
}
"""Every command, by its name on the command line."""


def parser() -> argparse.ArgumentParser:
    """The parser of what comes before a command's own arguments."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {one.help}" for name, one in COMMANDS.items())
    made = argparse.ArgumentParser(
        prog="bsdproc",
        description="BSD process control: ptrace, procctl, procfs and kern.proc.",
        epilog=f"commands:\n{listed}\n\n`bsdproc COMMAND --help` tells of one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"bsdproc {bsdproc.__version__}")
    made.add_argument("command", metavar="COMMAND", choices=tuple(COMMANDS))
    made.add_argument("arguments", metavar="...", nargs=argparse.REMAINDER)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit status, 2 for a wrong command line, 130 after Ctrl-C."""
    options = parser().parse_args(argv)
    module = importlib.import_module(COMMANDS[options.command].module)
    run = cast(Callable[[Sequence[str]], int], module.main)
    try:
        status = run(options.arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader has gone: what is left in the buffer has nowhere to go at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return status
