"""Reports, at the end of a run, how much of what is declared was held against headers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from abi_compare import Tally

PROPERTY = "abi tally"


@pytest.fixture
def report_tally(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Hands a target's tally to the summary, from a worker of xdist too."""
    return record_property


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = Tally()
    lines = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == PROPERTY:
                    target, counts = value
                    tally = Tally(*counts)
                    lines.append(f"{target}: {tally}")
                    total.add(tally)
    if lines:
        terminalreporter.section("declared C interfaces equal to their measurement")
        for line in sorted(lines):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"all {len(lines)} targets: {total}")
