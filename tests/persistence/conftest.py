import os

import pytest


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """These tests write many files, and a busy disk takes long to confirm each."""
    monkeypatch.setattr(os, "fsync", lambda opened: None)
