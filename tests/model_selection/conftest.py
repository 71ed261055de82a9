"""Two tasks to split."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae.tasks import pack
from tests.helpers.splits import blobs


@pytest.fixture
def two_tasks():
    """Two tasks of 120 and 45 samples, the second with 15 labels."""
    (X_a, y_a), (X_b, y_b) = blobs(120, 4), blobs(45, 6, seed=1)
    order = np.argsort(y_b, kind="stable").reshape(3, 15)
    y_b[order[:, 5:]] = -1
    return pack({"long": X_a, "short": X_b}, {"long": y_a, "short": y_b})
