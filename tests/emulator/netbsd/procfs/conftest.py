"""A machine of the tests' own with a procfs, and an emulated NetBSD's."""

from __future__ import annotations

import pytest

from .fake import Machine


@pytest.fixture
def machine() -> Machine:
    return Machine()
