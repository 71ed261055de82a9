"""Arrays that are read by rows, and buffers so small that tests read them in parts."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np
from torch.utils.data import Dataset

from sk_jae.tasks import row_stores, row_streams
from sk_jae.training import reading, shuffling


class Rows:
    """An array without `__array__`, of which rows are read in increasing order."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.reads = []

    def __getitem__(self, rows):
        if not isinstance(rows, slice):
            assert len(rows)
            assert (np.diff(rows) > 0).all()
        found = self.array[rows].copy()
        self.reads.append(len(found))
        return found


class ChunkedRows(Rows):
    """The same in chunks of ten rows."""

    def __init__(self, array):
        super().__init__(array)
        self.chunks = (10, *array.shape[1:])


class FailingRows(ChunkedRows):
    """A file that cannot be read any more after a number of reads."""

    def __init__(self, array, error, n=40):
        super().__init__(array)
        self.error, self.n = error, n

    def __getitem__(self, rows):
        if len(self.reads) > self.n:
            raise self.error
        return super().__getitem__(rows)


class Samples(Dataset):
    """A dataset of torch that gives samples with their labels."""

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def __getitem__(self, i):
        return self.array[i], i % 2


def with_small_buffers(monkeypatch):
    """Let a few rows be too many to be held, and many chunks too many for a buffer."""
    for module in (reading, shuffling):
        monkeypatch.setattr(module, "BUFFER_BYTES", 1000)
    monkeypatch.setattr(row_stores, "_SMALLEST_READ", 1)
    monkeypatch.setattr(row_streams, "_WINDOW_BYTES", 500)


@contextmanager
def no_new_threads():
    """A context that leaves no thread of the package behind."""
    yield
    assert not any(t.name.startswith("sk_jae") for t in threading.enumerate())
