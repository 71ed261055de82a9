"""Processes that are killed while they train: a part of the benchmark."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from benchmarks.reliability._kills import KINDS, kill_fits

N_KILLS = 21


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(),
    reason="processes cannot be started fast enough",
)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_fits_end_as_if_they_never_were(kind, tmp_path):
    n_kills = N_KILLS // len(KINDS)
    found = kill_fits(kind, tmp_path, n_kills, np.random.default_rng(0))
    assert found["errors"] == []
    assert found["kills"] == n_kills
    assert found["ends"] == found["equal"] > 0
    assert found["left_over"] == 0
