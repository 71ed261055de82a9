"""The quickstart example, on fewer samples than it takes by itself."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair

SCRIPT = Path(__file__).parent.parent / "examples" / "quickstart.py"


@pytest.fixture
def quickstart(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("quickstart", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def load_few(*, subset, return_X_y):
        X, y = load_digits_pair(subset=subset, return_X_y=return_X_y)
        n = 200 if subset == "train" else 100
        return {t: x[:n] for t, x in X.items()}, {t: z[:n] for t, z in y.items()}

    class Quick(JointTransferClassifier):
        def fit(self, X, y):
            return self.set_params(max_epochs=12).fit_all(X, y)

        fit_all = JointTransferClassifier.fit

    monkeypatch.setattr(module, "load_digits_pair", load_few)
    monkeypatch.setattr(module, "JointTransferClassifier", Quick)
    monkeypatch.setattr(sys, "argv", ["quickstart.py"])
    monkeypatch.chdir(tmp_path)
    return module


def test_runs_through(quickstart, tmp_path, capsys):
    image = pytest.importorskip("matplotlib.image")
    quickstart.main()
    printed = capsys.readouterr().out
    assert "200 digits of 8x8 pixels" in printed
    assert "100 pen digits" in printed
    accuracies = [
        float(a) for a in re.findall(r"^  \S.* (0\.\d+|1\.0+)$", printed, re.M)
    ]
    plain, _, ours = accuracies
    assert ours > max(plain, 0.5)
    assert "quickstart.png" in printed
    picture = image.imread(tmp_path / "quickstart.png")
    assert picture.shape[1] == 1000
    assert np.ptp(picture[..., :3]) == 1


def test_says_how_to_get_the_picture(quickstart, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    quickstart.draw({}, {}, 1.0, {}, tmp_path / "quickstart.png")
    assert 'pip install ".[plot]"' in capsys.readouterr().out
    assert not (tmp_path / "quickstart.png").exists()
