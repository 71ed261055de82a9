"""Strategies for the layers of an encoder, and for what they are applied to."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from sk_jae.architecture import MaxPool

reproducible = settings(derandomize=True)
small = st.integers(1, 6)
kernels = st.tuples(small, small)
pools = st.builds(MaxPool, kernels, st.none() | st.integers(1, 3))
signal_pools = st.builds(MaxPool, st.tuples(small), st.none() | st.integers(1, 3))
signals = st.tuples(st.integers(1, 3), st.integers(1, 60))
images = st.tuples(st.integers(1, 3), st.integers(1, 30), st.integers(1, 30))
