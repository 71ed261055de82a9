"""Functions that make the layers of a branch, and which of them are called."""

from __future__ import annotations

from functools import partial

import pytest

from sk_jae.architecture import describe


def called(function):
    return describe("a", (5,), (5,), function, "mirror").private


def of_shape(shape):
    return (shape[0] + 1,)


def of_nothing(*, width=7):
    return (width,)


@pytest.mark.parametrize(
    ("function", "width"),
    [
        (of_shape, 6),
        (lambda *shape: (len(shape),), 1),
        (of_nothing, 7),
        (lambda: (3,), 3),
        (partial(of_nothing, width=9), 9),
    ],
)
def test_a_function_gets_the_shape_if_it_takes_one(function, width):
    assert [layer.width for layer in called(function)] == [width]


def like_torchvision(*, weights=None, progress=True, **kwargs):
    raise AssertionError("weights may be downloaded")


def like_timm(pretrained=False, **kwargs):
    raise AssertionError("weights may be downloaded")


def like_a_detector(*, weights_backbone="IMAGENET1K_V1", weights=None):
    raise AssertionError("weights may be downloaded")


@pytest.mark.parametrize("function", [like_torchvision, like_timm, like_a_detector])
def test_a_builder_of_pretrained_networks_is_refused(function):
    with pytest.raises(TypeError, match=f"the function {function.__name__}.*download"):
        called(function)


def test_a_builder_whose_weights_are_chosen_is_called_without_a_shape():
    def builder(*, weights=None, width=4):
        assert weights is None
        return (width,)

    assert [layer.width for layer in called(partial(builder, weights=None))] == [4]


def test_a_shape_and_weights_of_the_user_are_no_such_builder():
    def builder(shape, weights=None):
        return (shape[0],)

    assert [layer.width for layer in called(builder)] == [5]


def test_an_error_of_the_function_has_a_note():
    def broken():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        called(broken)
    assert "of task 'a'" in caught.value.__notes__[0]


def test_the_shared_encoder_may_be_another_one():
    made = describe("a", (5,), (4,), (3,), "mirror", shared_encoder=(6, 2))
    assert [layer.width for layer in made.private] == [3]
    assert [layer.width for layer in made.shared] == [6, 2]
