"""scikit-learn's callbacks around the training."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import small

ESTIMATORS = [
    pytest.param(JointAutoencoder(**small(max_epochs=3)), id="autoencoder"),
    pytest.param(JointTransferClassifier(**small(max_epochs=3)), id="classifier"),
]


class EndAfter:
    """A callback of scikit-learn that asks to stop after some epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        return context.task_id + 1 == self.n_epochs and context.task_name == "epoch"


def own_score(estimator, X, y):
    """In a dict, since scikit-learn 1.9.1 fails on scoring=None for any estimator."""
    return estimator.score(X, y)


class TestScikitLearn:
    @pytest.fixture(autouse=True)
    def _needs_scikit_learn_1_9(self):
        pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_epochs_are_tasks_of_the_fit(self, estimator, tasks):
        callback = EndAfter(9)
        clone(estimator).set_callbacks(callback).fit(*tasks)
        epochs = [f"{what} epoch {k}" for k in range(3) for what in ("begin", "end")]
        assert callback.calls == [
            "setup",
            "begin fit 0",
            *epochs,
            "end fit 0",
            "teardown",
        ]

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    @pytest.mark.filterwarnings("error")
    def test_a_callback_stops_the_training(self, estimator, tasks):
        callback = EndAfter(2)
        est = clone(estimator).set_callbacks(callback).fit(*tasks)
        assert est.n_iter_ == 2
        assert callback.calls[-3:] == ["end epoch 1", "end fit 0", "teardown"]

    def test_a_callback_stops_a_phase(self, tasks):
        clf = JointTransferClassifier(**small(strategy="common-branch", max_epochs=3))
        clf.set_callbacks(EndAfter(2)).fit(*tasks)
        phases = [row["phase"] for row in clf.history_]
        assert phases == ["unsupervised"] * 2 + ["source"] * 3 + ["target"] * 3

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_progress_bar(self, estimator, tasks, capsys, monkeypatch):
        pytest.importorskip("rich")
        monkeypatch.setenv("COLUMNS", "200")
        from sklearn.callback import ProgressBar

        est = clone(estimator).set_callbacks(ProgressBar())
        est.fit(*tasks)
        printed = capsys.readouterr().out
        assert f"{type(est).__name__} - fit" in printed
        assert "100%" in printed

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_scoring_monitor(self, estimator, tasks):
        from sklearn.callback import ScoringMonitor

        monitor = ScoringMonitor(scoring={"score": own_score})
        est = clone(estimator).set_callbacks(monitor).fit(*tasks)
        rows = monitor.get_logs().data
        epochs = [row["score"] for row in rows if row["task_name"] == "epoch"]
        assert len(epochs) == 3
        assert epochs[-1] == pytest.approx(est.score(*tasks))
        assert len(set(epochs)) > 1 or estimator.__class__ is JointTransferClassifier
        # Scoring in between changes nothing.
        plain = clone(estimator).set_callbacks().fit(*tasks)
        assert plain.loss_curve_ == est.loss_curve_

    def test_scoring_monitor_without_y(self, tasks):
        from sklearn.callback import ScoringMonitor

        monitor = ScoringMonitor(scoring={"score": own_score})
        jae = JointAutoencoder(**small(max_epochs=2)).set_callbacks(monitor)
        jae.fit(tasks[0])
        scores = [row["score"] for row in monitor.get_logs().data]
        assert scores[-1] == pytest.approx(jae.score(tasks[0]))

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_nested_in_a_search(self, estimator, tasks, capsys, monkeypatch):
        pytest.importorskip("rich")
        monkeypatch.setenv("COLUMNS", "200")
        from sklearn.callback import ProgressBar, ScoringMonitor

        X, y = pack(*tasks)
        monitor = ScoringMonitor(scoring={"score": own_score})
        est = clone(estimator).set_callbacks(monitor)
        search = GridSearchCV(est, {"lr": [0.01, 0.02]}, cv=2)
        search.set_callbacks(ProgressBar()).fit(X, y)
        names = [row["task_name"] for row in monitor.get_logs().data]
        assert names.count("epoch") == (2 * 2 + 1) * 3
        assert "100%" in capsys.readouterr().out
        assert search.best_estimator_.n_iter_ == 3
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()

    def test_the_fitted_estimator_keeps_no_context(self, tasks):
        jae = JointAutoencoder(**small(max_epochs=2)).set_callbacks(EndAfter(1))
        jae.fit(tasks[0])
        assert not [name for name in vars(jae) if "context" in name or "ctx" in name]


def test_works_before_scikit_learn_1_9():
    """As there, sklearn.callback cannot be imported by the package."""
    code = """
        import builtins

        original = builtins.__import__

        def without_callbacks(name, globals=None, *args):
            importer = (globals or {}).get("__name__", "")
            if name.startswith("sklearn.callback") and importer.startswith("sk_jae"):
                raise ModuleNotFoundError("No module named 'sklearn.callback'")
            return original(name, globals, *args)

        builtins.__import__ = without_callbacks
        import numpy as np
        from sk_jae import JointAutoencoder

        X = [np.eye(12, 4), np.eye(9, 5)]
        jae = JointAutoencoder(max_epochs=2).fit(X)
        assert not hasattr(jae, "set_callbacks")
        assert jae.n_iter_ == 2
        print(jae.transform(X)[1].shape)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "(9, 64)", done.stderr
