"""A search in several processes that are all killed, and the same search again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sk_jae import JointTransferClassifier, pack
from sk_jae.callbacks import Checkpoint
from tests.helpers.resuming import names
from tests.helpers.small import half_labeled, small

ROOT = Path(__file__).parent.parent.parent
N_FITS = 2 * 2 + 1  # candidates, folds, and the fit of the best one to all data
SEARCH = """
import sys
from tests.callbacks.test_killed_search import search
search(sys.argv[1], n_jobs=2)
"""


def search(folder, n_jobs=None):
    X, y = pack(*half_labeled())
    clf = JointTransferClassifier(
        **small(max_epochs=25), early_stopping=True, callbacks=[Checkpoint(folder)]
    )
    grid = {"lr": [0.01, 0.03]}
    return GridSearchCV(clf, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, y)


def start(folder):
    command = [sys.executable, "-W", "ignore", "-c", SEARCH, str(folder)]
    # A group of its own, to which joblib's workers belong too.
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def results(found, path):
    found.best_estimator_.save(path)
    scores = {k: v for k, v in found.cv_results_.items() if "test_score" in k}
    return scores, path.read_bytes()


def kill_in_the_middle(process, folder):
    """Kill all processes when a fit is finished, and others have begun."""
    while process.poll() is None:
        kinds = names(folder) if folder.exists() else []
        if ".finished" in kinds and ".training" in kinds:
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.002)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="kills a group of processes")
def test_a_killed_search_ends_as_if_it_never_was(tmp_path):
    folder = tmp_path / "killed"
    kill_in_the_middle(start(folder), folder)
    assert 0 < names(folder).count(".finished") < N_FITS
    resumed, whole = search(folder, n_jobs=2), search(tmp_path / "whole")
    one, other = (results(found, tmp_path / "model") for found in (resumed, whole))
    np.testing.assert_equal(one, other)
    assert names(folder) == N_FITS * [".finished"]
