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
        (lambda r, x: torch.ones((), requires_grad=True), ValueError, ["gradient"]),
        (lambda r, x: 2 * torch.ones(len(x), requires_grad=True), ValueError, []),
        (
            lambda r, x: (r.mean(1) - x.mean(1, keepdim=True)) ** 2,
            ValueError,
            ["shape (13, 13)", "the 13 samples", "(13, 6)"],
        ),
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
        lambda r, x: ((r - x) ** 2).mean(1, keepdim=True),
        lambda r, x: (r - x) ** 2,
        lambda r, x: r.sub_(x).square(),
    ],
)
def test_a_loss_may_be_a_number_or_one_per_sample_or_feature(loss):
    found, expected = fit(reconstruction_loss=loss), fit()
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-5)


def test_a_loss_of_images_may_have_some_of_their_dimensions():
    x = np.random.default_rng(0).random((20, 3, 5, 6))

    def of_pixels(r, x):
        return (r - x).square().mean(1)

    expected = JointAutoencoder(**small()).fit(x).loss_curve_
    found = JointAutoencoder(**small(reconstruction_loss=of_pixels)).fit(x).loss_curve_
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "parameters",
    [
        {"reconstruction_loss": torch.nn.MSELoss},
        {"augmentation": torch.nn.Dropout},
    ],
)
def test_a_class_in_place_of_a_function_is_refused(parameters):
    ((name, cls),) = parameters.items()
    with pytest.raises(TypeError, match=rf"{name} is the class .*{cls.__name__}\(\)"):
        fit(**parameters)
    assert fit(**{name: cls()}).n_iter_ == 2


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
