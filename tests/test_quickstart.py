"""The quickstart example, on fewer samples than it takes by itself."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import sk_jae
from sk_jae.datasets import load_digits_pair

SCRIPT = Path(__file__).parent.parent / "examples" / "quickstart.py"


@pytest.fixture
def quickstart(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("quickstart", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def load_few(*, subset, return_X_y):
        X, y = load_digits_pair(subset=subset, return_X_y=return_X_y)
        n = 120 if subset == "train" else None
        return {t: x[:n] for t, x in X.items()}, {t: z[:n] for t, z in y.items()}

    monkeypatch.setattr(module, "load_digits_pair", load_few)
    monkeypatch.chdir(tmp_path)
    # The process that the script starts finds the package even if it is not installed.
    monkeypatch.setenv("PYTHONPATH", str(Path(sk_jae.__file__).parents[1]))
    return module


def rows(text, n_values):
    """The names of a table's rows and the numbers behind them."""
    found = re.findall(rf"^  (\S.*?)((?: +[\d.,]+){{{n_values}}})$", text, flags=re.M)
    return {
        name: [float(value.replace(",", "")) for value in values.split()]
        for name, values in found
    }


def test_runs_through(quickstart, tmp_path, capsys):
    matplotlib = pytest.importorskip("matplotlib.image")
    quickstart.main()
    printed = capsys.readouterr().out
    search, errors, accuracies = re.split(r"^Mean|^Accuracy", printed, flags=re.M)

    assert search.count("shared_depth=") == 4
    assert search.count("<- chosen") == 1

    errors = rows(errors, 3)
    assert len(errors) == 3
    joint, independent, wider = (n for n, *_ in errors.values())
    assert independent < min(joint, wider)
    assert abs(wider / joint - 1) < 0.1
    assert all(0 < e < 0.1 for _, *values in errors.values() for e in values)

    accuracies = rows(accuracies, 2)
    assert len(accuracies) == 3
    alone, _, upper = (pen for _, pen in accuracies.values())
    assert alone < upper

    assert "450 of 450 predictions are equal" in printed
    picture = matplotlib.imread(tmp_path / "quickstart.png")
    assert np.ptp(picture[..., :3]) == 1


def test_says_how_to_get_the_picture(quickstart, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    quickstart.draw_reconstructions(None, {}, {}, tmp_path / "quickstart.png")
    assert 'pip install ".[plot]"' in capsys.readouterr().out
    assert not (tmp_path / "quickstart.png").exists()


class AllZeros:
    def predict(self, X):
        return {task: np.zeros(len(x), dtype=np.int64) for task, x in X.items()}


def test_different_predictions_are_an_error(quickstart, monkeypatch):
    X = {"optical": np.zeros((2, 8, 8), np.uint8)}
    monkeypatch.setattr(quickstart, "PREDICT", "print('{\"optical\": [0, 1]}')")
    with pytest.raises(SystemExit, match="differently"):
        quickstart.save_and_reload(AllZeros(), X)
