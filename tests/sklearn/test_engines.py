"""Searches on clusters that the tests start on this machine, and stop again."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_validate,
)
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.recipes import run_recipe
from tests.helpers.small import half_labeled, small

pytestmark = pytest.mark.extra

CLASSIFIER = JointTransferClassifier(**small())
X, Y = pack(*half_labeled())

TOOLS = {
    "grid": lambda: split_scores(
        GridSearchCV(CLASSIFIER, {"lr": [0.01, 0.05]}, cv=2).fit(X, Y).cv_results_
    ),
    "halving": lambda: split_scores(
        HalvingGridSearchCV(
            CLASSIFIER,
            {"lr": [0.01, 0.05, 0.1]},
            resource="max_epochs",
            min_resources=1,
            max_resources=3,
            cv=2,
        )
        .fit(X, Y)
        .cv_results_
    ),
    "cross_validate": lambda: split_scores(cross_validate(CLASSIFIER, X, Y, cv=3)),
}


def split_scores(results):
    return [
        np.asarray(value).tolist() for key, value in results.items() if "test_" in key
    ]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def dask_cluster():
    distributed = pytest.importorskip("distributed")
    client_of = run_recipe("Dask", is_main=False)["SafeClient"]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        client_of(cluster) as client,
    ):
        yield partial(joblib.parallel_config, "dask", client=client)


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray", reason="Ray has no release for this Python")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield partial(joblib.parallel_config, "ray", n_jobs=2)
    ray.shutdown()


@pytest.mark.parametrize("tool", TOOLS)
def test_dask_gives_the_scores_of_one_process(tool, dask_cluster):
    with dask_cluster():
        found = TOOLS[tool]()
    assert found == TOOLS[tool]()


@pytest.mark.parametrize("tool", TOOLS)
def test_ray_gives_the_scores_of_one_process(tool, ray_cluster):
    with ray_cluster():
        found = TOOLS[tool]()
    assert found == TOOLS[tool]()


class KillOnce(Callback):
    """Kills the first process that comes to the end of an epoch."""

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, net, **kwargs):
        try:
            open(self.path, "x").close()
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


# Large enough for Dask to send it apart from the tasks.
LARGE = [np.random.default_rng(0).normal(size=(n, 100)) for n in (20_000, 2000)]


def test_dask_goes_on_without_a_worker_that_was_killed(dask_cluster, tmp_path):
    large, labels = pack(LARGE, [(LARGE[0][:, 0] > 0).astype(int), None])
    clf = JointTransferClassifier(**small(batch_size=4096, max_epochs=1))
    grid = {"lr": [0.001, 0.01, 0.05]}
    expected = GridSearchCV(clf, grid, cv=2).fit(large, labels).cv_results_
    killing = clf.set_params(callbacks=[KillOnce(tmp_path / "killed")])
    with dask_cluster():
        search = GridSearchCV(killing, grid, cv=2, refit=False).fit(large, labels)
    assert (tmp_path / "killed").exists()
    assert split_scores(search.cv_results_)[:3] == split_scores(expected)[:3]


class Memory:
    """How many bytes this process takes at most, above those at the beginning."""

    def __enter__(self):
        psutil = pytest.importorskip("psutil")
        self._process, self._is_over = psutil.Process(), threading.Event()
        self._before = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._is_over.wait(0.005):
            self.most = max(self.most, self._process.memory_info().rss)

    def __exit__(self, *exception):
        self._is_over.set()
        self._thread.join()

    @property
    def grown(self):
        return self.most - self._before


def test_the_driver_of_dask_holds_no_copy_per_fit(dask_cluster):
    large, _ = pack(LARGE)
    jae = JointAutoencoder(**small(batch_size=4096, max_epochs=1))
    search = GridSearchCV(jae, {"lr": np.linspace(0.001, 0.01, 12)}, cv=2, refit=False)
    with Memory() as memory, dask_cluster():
        search.fit(large)
    assert memory.grown < 6 * sum(array.nbytes for array in LARGE)  # of 24 fits
