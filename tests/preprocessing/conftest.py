"""Two tasks of vectors."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(3, 2, size=(40, 4)), rng.normal(-1, 5, size=(25, 6))]


@pytest.fixture
def labels():
    return np.arange(40) % 2
