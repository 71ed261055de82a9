"""From `encoder` and `decoder` to layers."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.architecture import (
    BN,
    FC,
    Conv,
    Deconv,
    MaxPool,
    auto_encoder,
    common_view,
    describe,
    from_widths,
    mirror,
    parse,
    shapes,
)
from sk_jae.nn import JointModule

IMAGE = (1, 8, 9)
VECTOR = (6,)
CONV = "Conv 4x(3x3), MP 2x2, FC 10"


def task(shape, encoder="auto", decoder="mirror", name="a", view=None):
    return describe(name, shape, view or shape, encoder, decoder)


@pytest.mark.parametrize("classified", [False, True])
@pytest.mark.parametrize("shape", [VECTOR, (1, 7, 28), (3, 2, 2)])
def test_auto_is_dense_for_vectors_and_tiny_images(shape, classified):
    assert auto_encoder(shape, classified=classified) == (FC(128),)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 28, 9), (3, 64, 64)])
def test_auto_is_convolutional_for_images_that_are_classified(shape):
    assert auto_encoder(shape) == (FC(128),)
    layers = auto_encoder(shape, classified=True)
    assert {type(layer) for layer in layers} == {Conv, BN, MaxPool, FC}
    assert shapes(layers, shape)[-1] == (128,)


@pytest.mark.parametrize("classified", [False, True])
@pytest.mark.parametrize("shape", [(3, 96, 96), (3, 224, 160), (1, 500, 40)])
def test_auto_pools_large_images_before_the_dense_layer(shape, classified):
    layers = auto_encoder(shape, classified=classified)
    before_dense = shapes(layers, shape)[layers.index(FC(128)) - 1]
    assert 1 <= max(before_dense[1:]) <= 8


@pytest.mark.parametrize("side", [8, 16, 64, 100, 128, 200, 1000])
def test_channels_double_until_they_are_as_many_as_the_dense_layer_is_wide(side):
    layers = auto_encoder((3, side, side), classified=True)
    channels = [layer.channels for layer in layers if isinstance(layer, Conv)]
    (width,) = [layer.width for layer in layers if isinstance(layer, FC)]
    for one, other in pairwise(channels):
        assert other == min(2 * one, width)
    if side >= 200:
        assert channels[-1] == width


@pytest.mark.parametrize(("n_shared", "branch"), [(4, "shared"), (0, "private")])
def test_auto_has_convolutions_where_classes_are_learned_from(n_shared, branch):
    X = np.random.default_rng(0).random((20, 8, 8))
    clf = JointTransferClassifier(
        n_shared=n_shared, max_epochs=1, device="cpu", random_state=0
    )
    module = clf.fit(X, np.arange(20) % 2).module_
    parts = {
        "shared": [*module.pre_tied, module.tied],
        "private": [*module.private_encoders],
    }
    for name, layers in parts.items():
        found = any(isinstance(m, nn.Conv2d) for part in layers for m in part.modules())
        assert found == (name == branch)
    jae = JointAutoencoder(max_epochs=1, device="cpu", random_state=0).fit(X)
    assert not any(isinstance(m, nn.Conv2d) for m in jae.module_.modules())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(1, 28, 28), (1, 16, 16)], (1, 28, 28)),
        ([(1, 28, 20), (1, 16, 30)], (1, 28, 30)),
        ([(3, 8, 8), (3, 9, 9)], (3, 9, 9)),
        ([(3, 8, 8), (1, 9, 9)], (1, 9, 9)),
        ([(3, 8, 8), (4, 9, 9)], (1, 9, 9)),
        ([(3, 8, 8)], (3, 8, 8)),
        ([(2, 8, 8), (2, 9, 9)], (2, 9, 9)),
        ([(2, 8, 8), (5, 8, 8)], None),
        ([(3, 8, 8), (5,)], None),
        ([(3, 80), (3, 80)], None),
        ([(4,), (5,)], None),
    ],
)
def test_common_view(given, expected):
    assert common_view(given) == expected


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("FC 7, FC 5", (FC(7), FC(5))),
        ((7, 5), (FC(7), FC(5))),
        ([7, 5], (FC(7), FC(5))),
        ((np.int64(7),), (FC(7),)),
        ((), ()),
        ("", ()),
        (lambda shape: (2 * shape[0],), (FC(12),)),
        (lambda shape: f"FC {shape[0]}", (FC(6),)),
        (lambda shape: [FC(4)], (FC(4),)),
        (lambda shape: "auto", auto_encoder(VECTOR)),
        ("auto", auto_encoder(VECTOR)),
    ],
)
def test_forms_of_an_encoder(encoder, expected):
    found = task(VECTOR, encoder)
    assert found.private == expected
    assert found.shared == expected
    assert found.decoder == mirror(expected, VECTOR)


@pytest.mark.parametrize(
    ("decoder", "expected"),
    [
        ("FC 7, FC 5", (FC(7), FC(5), FC(72))),
        ((7,), (FC(7), FC(72))),
        ((), (FC(72),)),
        (lambda shape: (sum(shape),), (FC(18), FC(72))),
        (lambda shape: "mirror", mirror(parse(CONV), IMAGE)),
        (
            "FC 16, Reshape 4x2x2, Deconv 3x3x3",
            (
                *parse("FC 16, Reshape 4x2x2, Deconv 3x3x3"),
                Deconv(1, (3, 3), size=(8, 9)),
            ),
        ),
        (
            "FC 16, Reshape 4x2x2, Deconv 3x3x3, FC 5",
            (*parse("FC 16, Reshape 4x2x2, Deconv 3x3x3, FC 5"), FC(72)),
        ),
    ],
)
def test_forms_of_a_decoder(decoder, expected):
    architecture = task(IMAGE, CONV, decoder)
    assert architecture.decoder == expected
    module = JointModule([architecture], n_shared=3, n_private=2)
    assert module([torch.zeros(2, *IMAGE)])[0].reconstruction.shape == (2, *IMAGE)


def test_branches_of_signals():
    found = task((2, 40), "Conv 4x5 stride 2, MP 2, FC 6", "FC 8, Reshape 4x2")
    module = JointModule([found], n_shared=3, n_private=2)
    assert module([torch.zeros(3, 2, 40)])[0].reconstruction.shape == (3, 2, 40)
    mirrored = task((2, 40), "Conv 4x5 stride 2, MP 2, FC 6").decoder
    assert mirrored == mirror(parse("Conv 4x5 stride 2, MP 2, FC 6"), (2, 40))
    # What has forgotten the time is decoded by dense layers.
    forgetful = task((2, 40), "Conv 4x5 stride 2, Power, BN, FC 6").decoder
    assert forgetful == mirror(auto_encoder((2, 40)), (2, 40))


def test_the_shared_branch_is_as_its_view_asks():
    found = describe("a", (3, 20, 8), (1, 8, 8), lambda shape: (shape[1],), "mirror")
    assert (found.private, found.shared) == ((FC(20),), (FC(8),))
    assert found.decoder == mirror(from_widths((20,)), (3, 20, 8))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"encoder": 7}, TypeError, "encoder must be a string such as .* got 7"),
        ({"encoder": ("FC 7",)}, TypeError, "encoder must be"),
        ({"encoder": (7, 0)}, ValueError, "width of layer 2 must be a positive"),
        ({"encoder": (True,)}, TypeError, "must be a positive integer, got True"),
        ({"encoder": "FC seven"}, ValueError, "Bad architecture at position 3"),
        ({"encoder": CONV}, ValueError, "Layer 1, Conv .* needs an image"),
        ({"encoder": lambda shape: None}, TypeError, "encoder must be .* got None"),
        ({"encoder": {nn.Linear(6, 2)}}, TypeError, "encoder must be .* got {Linear"),
        ({"encoder": lambda shape: [nn.ReLU]}, TypeError, "encoder must be"),
        ({"decoder": None}, TypeError, "decoder must be a string such as .* got None"),
        ({"decoder": "auto"}, ValueError, "Bad architecture"),
        ({"decoder": "Reshape 1x2x3"}, ValueError, "starts with Reshape .* with FC"),
        ({"decoder": "FC 5, Reshape 1x2x3"}, ValueError, "Layer 2, Reshape .* needs 6"),
        ({"encoder": "FC 5, Reshape 1x1x5"}, ValueError, "cannot be mirrored"),
    ],
)
def test_errors_name_the_task(parameters, error, message):
    with pytest.raises(error, match=message) as caught:
        task(VECTOR, **parameters, name="usps")
    assert re.match(r"In the (encoder|decoder) of task 'usps': ", str(caught.value))


class TestModulesOfTheUser:
    @staticmethod
    def encoder(shape):
        return [nn.Flatten(), nn.Linear(int(np.prod(shape)), 16), nn.Tanh()]

    def fitted(self, X, **kwargs):
        return JointAutoencoder(
            n_shared=3,
            n_private=3,
            max_epochs=2,
            random_state=0,
            device="cpu",
            precision="float32",
            **kwargs,
        ).fit(X)

    def test_train_as_encoder_and_decoder(self):
        rng = np.random.default_rng(0)
        X = [rng.normal(size=(20, 6, 7)), rng.normal(size=(10, 7))]
        jae = self.fitted(
            X,
            encoder=self.encoder,
            decoder=lambda shape: [nn.Linear(3, 16), nn.Tanh()],
        )
        assert [z.shape for z in jae.transform(X)] == [(20, 6), (10, 6)]
        assert [x.shape for x in jae.reconstruct(X)] == [(20, 6, 7), (10, 7)]
        module = jae.module_
        assert [type(layer) for layer in module.private_encoders[0]][:3] == [
            nn.Flatten,
            nn.Linear,
            nn.Tanh,
        ]
        # One call of `decoder` per task, but two branches: the two differ by now.
        assert not torch.equal(
            module.private_decoders[0][0].weight, module.shared_decoders[0][0].weight
        )

    def test_one_module_for_all_is_not_tied_behind_the_users_back(self):
        one = nn.Linear(5, 4)
        X = [np.ones((20, 5)), np.zeros((10, 5))]
        module = self.fitted(X, encoder=lambda shape: [one]).module_
        firsts = [branch[0] for branch in (*module.private_encoders, *module.pre_tied)]
        assert len({id(layer.weight) for layer in firsts}) == 4
        assert all(layer is not one for layer in firsts)

    def test_cannot_be_mirrored_and_get_the_decoder_of_auto(self):
        expected = mirror(auto_encoder(IMAGE), IMAGE)
        assert task(IMAGE, self.encoder).decoder == expected

    @pytest.mark.parametrize("parameter", ["encoder", "decoder"])
    def test_that_do_not_fit_are_an_error_that_names_the_task(self, parameter):
        layers = {parameter: lambda shape: [nn.Linear(99, 4)]}
        message = rf"In the {parameter} of task 'first': Linear.* does not fit an input"
        with pytest.raises(ValueError, match=message):
            self.fitted({"first": np.ones((9, 5)), "second": np.ones((9, 4))}, **layers)
