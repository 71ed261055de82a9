"""What functions of the user may return, and what is refused before a step is made."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.architecture import FC
from tests.helpers.small import equal_weights, half_labeled, make_tasks, small

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
        (lambda r, x: ((r - x) ** 2).mean().to("meta"), ValueError, ["meta", "cpu"]),
        (lambda r, x: ((r - x) ** 2).to_sparse(), ValueError, ["sparse", "dense"]),
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

    jae = JointAutoencoder(**small(loss_scaling=None))
    expected = jae.fit(x).loss_curve_
    found = jae.set_params(reconstruction_loss=of_pixels).fit(x).loss_curve_
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
        (lambda x: x.to("meta"), ValueError, ["meta", "cpu"]),
        (lambda x: x.to_sparse(), ValueError, ["torch.sparse_coo"]),
    ],
)
def test_an_augmentation_must_return_what_it_took(augmentation, error, fragments):
    with pytest.raises(error) as caught:
        JointAutoencoder(**small(augmentation=augmentation)).fit([X[0][:32], X[1]])
    for fragment in ["augmentation", "task 'task0'", "expected", *fragments]:
        assert fragment in str(caught.value)


def in_place(x):
    return x.mul_(2)


def test_an_augmentation_may_change_its_argument():
    """The plain samples, which consistency looks at too, stay as they are."""
    X, y = half_labeled()
    found, expected = (
        JointTransferClassifier(**small(max_epochs=4, augmentation=function)).fit(X, y)
        for function in (in_place, lambda x: x * 2)
    )
    assert equal_weights(found, expected)
    assert found.history_[-1]["train_consistency"] is not None


class Own(Exception):
    pass


def fail(*args, **kwargs):
    raise Own("as it is")


class Fails(nn.Module):
    def forward(self, x):
        return fail() if self.training else x


class FailsInBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sum()

    @staticmethod
    def backward(ctx, grad):
        fail()


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("reconstruction_loss", fail),
        ("reconstruction_loss", lambda r, x: FailsInBackward.apply(r - x)),
        ("augmentation", fail),
        ("optimizer", fail),
        ("encoder", fail),
        ("encoder", (FC(8), Fails())),
        ("decoder", fail),
        ("decoder", {"a": (Fails(),), "b": "FC 3"}),
    ],
)
def test_an_error_of_the_user_stays_as_it_is_and_names_the_parameter(parameter, value):
    data = dict(zip("ab", X, strict=True))
    jae = JointAutoencoder(**small()).fit(data)
    before = jae.module_
    with pytest.raises(Own, match="as it is") as caught:
        jae.set_params(**{parameter: value}).fit(data)
    assert parameter in "".join(caught.value.__notes__)
    assert jae.module_ is before


def test_the_loss_before_a_warm_start_is_one_of_the_users_code_too():
    params = small(early_stopping=True, warm_start=True, batch_size=8)
    jae = JointAutoencoder(**params).fit(X)
    with pytest.raises(Own) as caught:
        jae.set_params(reconstruction_loss=fail).fit(X)
    assert "reconstruction_loss" in caught.value.__notes__[0]


def test_a_wrong_number_of_arguments_names_the_parameter():
    with pytest.raises(TypeError, match="positional argument") as caught:
        fit(reconstruction_loss=lambda r: r.mean())
    assert "reconstruction_loss" in caught.value.__notes__[0]


def test_errors_of_the_package_have_no_note():
    with pytest.raises(ValueError, match="smaller lr") as caught:
        fit(lr=1e30, optimizer="sgd", max_epochs=9)
    assert not getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_weights_whose_outputs_overflow_are_divergence(optimizer):
    """After a single step, the loss was finite and the weights are."""
    with pytest.raises(ValueError, match=r"outputs for task .* smaller lr"):
        fit(lr=1e25, optimizer=optimizer, max_epochs=1, batch_size=40)
