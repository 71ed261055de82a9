"""What the tests of error messages share: two small tasks and a look at the text."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from unittest import mock

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.training import Trainer
from tests.helpers.small import SMALL

autoencoder = JointAutoencoder(**SMALL)
classifier = JointTransferClassifier(**SMALL)

rng = np.random.default_rng(0)
MNIST, USPS = rng.uniform(size=(12, 3)), rng.uniform(size=(8, 4))
X = {"mnist": MNIST, "usps": USPS}
Y = np.arange(12) % 3
y = {"mnist": Y}


@cache
def fitted():
    """A classifier fitted on both tasks."""
    return clone(classifier).fit(X, {**y, "usps": np.arange(8) % 3})


@contextmanager
def without_training():
    """Where training must not even start."""
    started = AssertionError("training has started")
    with mock.patch.object(Trainer, "train", side_effect=started):
        yield


def refusal(call, *args, **kwargs):
    """The text of the error, a sentence."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*args, **kwargs)
    text = str(caught.value)
    assert text.endswith((".", "^")), text  # the second below a bad architecture
    return text


def refusal_of_fit(estimator, *data, **parameters):
    """The text of the error before any training, which leaves nothing fitted."""
    estimator = clone(estimator).set_params(**parameters)
    with without_training():
        text = refusal(estimator.fit, *data)
    with pytest.raises(NotFittedError):
        estimator.transform(data[0])
    return text


def assert_has(text, *fragments):
    for fragment in fragments:
        assert fragment in text
