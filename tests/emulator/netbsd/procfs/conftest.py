"""A machine of the tests' own with a procfs, in each revision where that may matter."""

from __future__ import annotations

import pytest

from bsdproc.emulator.netbsd.procfs.mount import REVISIONS, Revision

from .fake import Machine


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> Revision:
    given: Revision = request.param
    return given


@pytest.fixture
def machine(revision: Revision) -> Machine:
    return Machine(revision)
