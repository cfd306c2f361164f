"""bsdproc proccontrol and bsdproc reap."""

from __future__ import annotations

import pytest

from .conftest import ACTOR, EMULATE, NATIVE, Run

MODES = {
    "aslr": ("not forced", "force enabled", "force disabled"),
    "protmax": ("not forced", "force enabled", "force disabled"),
    "trace": ("enabled", "enabled", "disabled"),
    "trapcap": ("disabled", "enabled", "disabled"),
    "stackgap": ("enabled", "enabled", "disabled"),
    "wxmap": ("not forced", "permitted", "disallowed"),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_setting_of_a_fresh_program(bsdproc: Run, mode: str) -> None:
    done = bsdproc("proccontrol", "-m", mode, "-q", *EMULATE, ACTOR, "spin")
    assert (done.status, done.err) == (0, "")
    if not NATIVE:
        assert done.out.startswith(MODES[mode][0])


@pytest.mark.parametrize("way", ["enable", "disable"])
@pytest.mark.parametrize("mode", MODES)
def test_a_command_under_a_setting(bsdproc: Run, mode: str, way: str) -> None:
    done = bsdproc("proccontrol", "-m", mode, "-s", way, *EMULATE, "--", ACTOR, "count", "7")
    assert (done.status, done.err) == (7, "")


def test_the_commands_fate_is_the_status(bsdproc: Run) -> None:
    for command in ("proccontrol", "-m", "aslr", "-s", "disable"), ("reap",):
        assert bsdproc(*command, *EMULATE, ACTOR, "signal", "15").status == 128 + 15
        assert bsdproc(*command, *EMULATE, ACTOR, "count", "3").status == 3


def test_a_request_that_the_kernel_is_too_old_for(bsdproc: Run) -> None:
    if NATIVE:
        pytest.skip("which kernel this is depends on the host")
    done = bsdproc("proccontrol", "-m", "logsigexit", "-q", *EMULATE, ACTOR, "spin")
    assert done.status == 1
    assert "FreeBSD 14.0" in done.err


def test_what_cannot_be_controlled(bsdproc: Run) -> None:
    for words, status in (
            (("-q", *EMULATE, ACTOR), 2), (("-m", "aslr", *EMULATE, ACTOR), 2),
            (("-m", "nonsense", "-q", *EMULATE, ACTOR), 2),
            (("-m", "nonewprivs", "-s", "disable", *EMULATE, ACTOR), 2),
            (("-m", "aslr", "-q"), 2), (("-m", "aslr", "-q", "-p", "0"), 2),
            (("-m", "aslr", "-q", *EMULATE, "/no/such/program"), 1)):
        done = bsdproc("proccontrol", *words)
        assert done.status == status
        assert done.out == ""
        assert "Traceback" not in done.err


def test_reap_ends_what_a_command_leaves(bsdproc: Run) -> None:
    done = bsdproc("reap", "-v", *EMULATE, ACTOR, "brood", "3")
    assert done.status == 3
    assert done.err.count("(actor) is left") == 3
    done = bsdproc("reap", "-v", "-s", "TERM", *EMULATE, "--", ACTOR, "brood", "1")
    assert (done.status, done.err.count("is left")) == (1, 1)


def test_reap_kills_what_does_not_heed_the_signal(bsdproc: Run) -> None:
    done = bsdproc("reap", "-v", "-s", "urg", "-t", "0.05", *EMULATE, ACTOR, "brood", "2")
    assert done.status == 2
    assert "after 0.05 seconds there are still" in done.err


def test_what_cannot_be_reaped(bsdproc: Run) -> None:
    for words, status in (((), 2), (("-s", "NONSENSE", ACTOR), 2), (("-s", "0", ACTOR), 2),
                          ((*EMULATE, "/no/such/program"), 1)):
        done = bsdproc("reap", *words)
        assert done.status == status
        assert "Traceback" not in done.err
