"""The scaling of vectors in plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sk_jae.tasks import Layout
from sk_jae.tasks.scaling import scaling_of


def scaled(x):
    """Columns of mean 0 and spread 1; beyond 4, only the logarithm grows."""
    spread = x.std(0)
    varies = spread > 1e-9 * np.abs(x).max(0)
    z = np.where(varies, (x - x.mean(0)) / np.where(varies, spread, 1), 0)
    beyond = 4 + np.log1p(np.maximum(np.abs(z) - 4, 0))
    return np.where(np.abs(z) > 4, np.sign(z) * beyond, z)


def vector_layout(x):
    layout = Layout(x.shape[1:], "vector").with_units(x)
    return replace(layout, scaling=scaling_of(x))
