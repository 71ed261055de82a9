"""The programs of the page on clusters and on tools for searches run as they are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.recipes import run_recipe

pytestmark = pytest.mark.extra


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_dask():
    pytest.importorskip("distributed")
    search = run_recipe("Dask")["search"]
    assert search.best_score_ > 0


def test_ray():
    pytest.importorskip("ray", reason="Ray has no release for this Python")
    assert run_recipe("Ray")["scores"].shape == (2,)


def test_optuna():
    optuna = pytest.importorskip("optuna")
    pytest.importorskip("optuna_integration")
    found = run_recipe("Optuna")
    search, study = found["search"], found["study"]
    assert set(search.best_params_) == {"lr", "n_shared"}
    assert search.best_score_ == max(trial.value for trial in search.trials_)
    assert len(search.predict(found["X"])) == len(found["X"])
    states = [trial.state for trial in study.trials]
    assert set(states) == {
        optuna.trial.TrialState.COMPLETE,
        optuna.trial.TrialState.PRUNED,
    }


def test_mlflow():
    pytest.importorskip("mlflow.sklearn")
    found = run_recipe("MLflow")
    X = [found["source"], found["target"]]
    for one, other in zip(
        found["again"].predict_proba(X), found["clf"].predict_proba(X), strict=True
    ):
        np.testing.assert_array_equal(one, other)
