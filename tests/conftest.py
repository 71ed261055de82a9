"""Fixtures for the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_home() -> Path:
    """The folder of the real data sets; without it the test is skipped."""
    folder = os.environ.get("SK_JAE_DATA")
    if not folder:
        pytest.skip("SK_JAE_DATA does not point to the real data sets")
    return Path(folder)
