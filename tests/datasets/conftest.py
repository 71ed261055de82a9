"""Fixtures of the loaders."""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager

import pytest

from sk_jae.datasets import _celeba_files, _cifar10, _files, _mnist, _svhn, _usps
from tests.helpers.data_files import FACES, SIZES


@pytest.fixture
def small_sets(monkeypatch):
    """Let the loaders expect the numbers of samples of the small files."""
    for module in (_mnist, _usps, _svhn):
        monkeypatch.setattr(module, "SIZES", SIZES)
    subset_sizes = dict(zip(_svhn.SUBSET_SIZES, (11, 3), strict=True))
    monkeypatch.setattr(_svhn, "SUBSET_SIZES", subset_sizes)
    monkeypatch.setattr(_cifar10, "SUBSET_SIZES", SIZES)
    monkeypatch.setattr(_cifar10, "BATCH_SIZE", 2)
    monkeypatch.setattr(_celeba_files, "N_FACES", len(FACES))
    monkeypatch.setattr(_celeba_files, "N_ATTRIBUTES", 2)


@pytest.fixture
def without_checksums(small_sets, monkeypatch):
    """Let the loaders accept small files in place of the published ones."""
    monkeypatch.setattr(
        _files.PublishedFile,
        "fault",
        lambda self, folder: None if (folder / self.name).is_file() else "is missing",
    )


@pytest.fixture
def memory_limit():
    """A context in which Python's objects may not take more than so many bytes."""

    @contextmanager
    def limit(n_bytes):
        tracemalloc.start()
        try:
            yield
            assert tracemalloc.get_traced_memory()[1] < n_bytes
        finally:
            tracemalloc.stop()

    return limit
