"""`random_state` alone decides, and no global generator is touched."""

from __future__ import annotations

import hashlib
import inspect
import random
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import SMALL, half_labeled, small


def with_dropout(shape):
    """Layers that draw from torch's global generator when made and when trained."""
    return [nn.Linear(shape[0], 8), nn.ReLU(), nn.Dropout(0.5)]


def make_images():
    rng = np.random.default_rng(0)
    X = [rng.random((24, 8, 8)), rng.random((12, 9, 9))]
    return X, [np.arange(24) % 3, None]


CASES = {
    "autoencoder": (JointAutoencoder(**SMALL), half_labeled),
    "classifier": (JointTransferClassifier(**SMALL), half_labeled),
    "stopping": (JointTransferClassifier(**small(early_stopping=True)), half_labeled),
    "dropout": (
        JointTransferClassifier(**small(encoder=with_dropout, shared_depth=-1)),
        half_labeled,
    ),
    "images": (
        JointTransferClassifier(
            **small(encoder="Conv 4x(3x3), BN, MP 2x2, FC 8", augmentation="auto")
        ),
        make_images,
    ),
}
cases = pytest.mark.parametrize(
    ("estimator", "make"),
    [pytest.param(*case, id=name) for name, case in CASES.items()],
)


def weights_of(est):
    return torch.cat([p.detach().flatten() for p in est.module_.parameters()])


def global_states():
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return (
        (name, keys.tolist(), *rest),
        torch.get_rng_state().tolist(),
        random.getstate(),
    )


@cases
def test_two_fits_give_equal_weights(estimator, make):
    X, y = make()
    est = clone(estimator).set_params(random_state=3)
    first = weights_of(est.fit(X, y))
    torch.manual_seed(99)
    np.random.default_rng().random()
    again = weights_of(clone(est).fit(X, y))
    assert torch.equal(again, first)
    assert torch.equal(weights_of(est.fit(X, y)), first)
    other = clone(est).set_params(random_state=4)
    assert not torch.equal(weights_of(other.fit(X, y)), first)


@cases
@pytest.mark.parametrize("random_state", [0, None, "instance"])
def test_global_generators_stay_as_they_were(estimator, make, random_state):
    X, y = make()
    if random_state == "instance":
        random_state = np.random.RandomState(0)
    est = clone(estimator).set_params(random_state=random_state)
    before = global_states()
    est.fit(X, y)
    est.predict(X) if hasattr(est, "predict") else est.reconstruct(X)
    assert global_states() == before


def test_global_generators_stay_when_fit_fails():
    X, y = half_labeled()

    class Failure(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("no disk space")

    before = global_states()
    with pytest.raises(RuntimeError, match="no disk space"):
        JointTransferClassifier(**small(callbacks=[Failure()])).fit(X, y)
    with pytest.raises(ValueError, match="shared_depth"):
        JointTransferClassifier(**small(shared_depth=9)).fit(X, y)
    assert global_states() == before


def test_none_differs_from_fit_to_fit():
    X, _ = half_labeled()
    jae = JointAutoencoder(**small(random_state=None))
    np.random.seed(0)  # noqa: NPY002
    first = weights_of(jae.fit(X))
    np.random.seed(0)  # noqa: NPY002
    assert not torch.equal(weights_of(jae.fit(X)), first)


def test_an_instance_goes_on_from_fit_to_fit():
    X, _ = half_labeled()

    def twice():
        jae = JointAutoencoder(**small(random_state=np.random.RandomState(5)))
        return [weights_of(jae.fit(X)) for _ in range(2)]

    first, second = twice(), twice()
    assert not torch.equal(first[0], first[1])
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("case", ["dropout", "images"])
def test_threads_do_not_disturb_each_other(case):
    estimator, make = CASES[case]
    X, y = make()
    before = global_states()

    def fit(seed):
        return weights_of(clone(estimator).set_params(random_state=seed).fit(X, y))

    alone = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    assert all(map(torch.equal, together, alone))
    assert global_states() == before


def test_a_fit_inside_of_a_fit():
    X, _ = half_labeled()

    class Inner(Callback):
        def on_epoch_end(self, net, **kwargs):
            JointAutoencoder(**small(random_state=1)).fit(X)

    params = {**SMALL, "encoder": with_dropout, "random_state": 0}
    plain = JointAutoencoder(**params).fit(X)
    nested = JointAutoencoder(**params, callbacks=[Inner()]).fit(X)
    assert torch.equal(weights_of(nested), weights_of(plain))


def make_digest():
    """Fit on images with all defaults and digest the weights."""
    rng = np.random.default_rng(0)
    X = {"a": rng.random((24, 8, 8)), "b": rng.random((12, 9, 9))}
    clf = JointTransferClassifier(max_epochs=1, device="cpu", random_state=0)
    clf.fit(X, {"a": np.arange(24) % 3})
    return hashlib.sha256(weights_of(clf).numpy().tobytes()).hexdigest()


def test_processes_give_equal_weights():
    code = f"""
        import hashlib
        import numpy as np
        import torch
        from sk_jae import JointTransferClassifier

        torch.set_num_threads({torch.get_num_threads()})
        np.random.seed(1)
        torch.manual_seed(1)
        {textwrap.indent(inspect.getsource(weights_of), " " * 8).strip()}

        {textwrap.indent(inspect.getsource(make_digest), " " * 8).strip()}

        print(make_digest())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == make_digest(), done.stderr
