"""Fixtures for the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

# Several workers with several threads each would wait for one another. Set before
# torch is imported, and seen by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Without, scikit-learn's suite leaves out its checks of array API inputs.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest
from hypothesis import settings

# How long an example takes says nothing where several processes share a machine.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def data_home() -> Path:
    """The folder of the real data sets; without it the test is skipped."""
    folder = os.environ.get("SK_JAE_DATA")
    if not folder:
        pytest.skip("SK_JAE_DATA does not point to the real data sets")
    return Path(folder)


@pytest.fixture
def tasks():
    """Samples and labels of two tasks."""
    from tests.helpers.small import make_tasks  # torch must not come first

    return make_tasks()
