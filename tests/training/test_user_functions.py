"""What functions of the user may return, and what is refused before a step is made."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae import JointAutoencoder
from tests.helpers.small import make_tasks, small

X, _ = make_tasks()


def fit(**parameters):
    return JointAutoencoder(**small(**parameters)).fit(X)


@pytest.mark.parametrize(
    ("loss", "error", "fragments"),
    [
        (lambda r, x: ((r - x) ** 2).mean().item(), TypeError, ["float"]),
        (lambda r, x: None, TypeError, ["NoneType"]),
        (lambda r, x: ((r - x) ** 2).detach().numpy(), TypeError, ["ndarray"]),
        (lambda r, x: ((r - x) ** 2).mean(0), ValueError, ["shape (6,)", "samples"]),
        (lambda r, x: (r > x).sum(), TypeError, ["torch.int64"]),
        (lambda r, x: ((r.detach() - x) ** 2).mean(), ValueError, ["gradient"]),
    ],
)
def test_a_loss_that_cannot_train_is_refused(loss, error, fragments):
    with pytest.raises(error) as caught:
        fit(reconstruction_loss=loss)
    for fragment in ["reconstruction_loss", "task 'task0'", "expected", *fragments]:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "loss",
    [
        lambda r, x: ((r - x) ** 2).mean(),
        lambda r, x: ((r - x) ** 2).mean(1),
        lambda r, x: (r - x) ** 2,
    ],
)
def test_a_loss_may_be_a_number_or_one_per_sample_or_feature(loss):
    found, expected = fit(reconstruction_loss=loss), fit()
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize(
    ("augmentation", "error", "fragments"),
    [
        (lambda x: None, TypeError, ["NoneType"]),
        (lambda x: x.numpy(), TypeError, ["ndarray"]),
        (lambda x: x[:-1], ValueError, ["shape", "(16, 6)"]),
        (lambda x: torch.cat([x, x]), ValueError, ["shape", "(16, 6)"]),
        (lambda x: x[:, :-1], ValueError, ["shape", "(16, 6)"]),
        (lambda x: x.double(), ValueError, ["torch.float64", "torch.float32"]),
    ],
)
def test_an_augmentation_must_return_what_it_took(augmentation, error, fragments):
    with pytest.raises(error) as caught:
        JointAutoencoder(**small(augmentation=augmentation)).fit([X[0][:32], X[1]])
    for fragment in ["augmentation", "task 'task0'", "expected", *fragments]:
        assert fragment in str(caught.value)
