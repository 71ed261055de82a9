"""matplotlib is needed only where something is drawn."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sk_jae.inspection import CodesDisplay, HistoryDisplay


def test_the_package_is_imported_without_matplotlib():
    code = "import sys, sk_jae.inspection as i; i.CodesDisplay; "
    code += "print('matplotlib' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "display",
    [
        CodesDisplay(points={}, y={}),
        HistoryDisplay(history=[{"train_loss": 1.0}], task_names=()),
    ],
)
def test_it_says_how_to_get_matplotlib(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sk_jae\[plot\]"'):
        display.plot()
