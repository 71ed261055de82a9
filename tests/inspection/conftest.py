"""Every figure is closed after its test."""

from __future__ import annotations

import pytest

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    plt.close("all")
