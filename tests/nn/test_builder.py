"""Layers built from their descriptions."""

from __future__ import annotations

from itertools import chain

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sk_jae.architecture import Conv, MaxPool, output_shape, parse, shapes
from sk_jae.nn import (
    TaskSequential,
)
from sk_jae.nn.builder import build_encoder, build_stages, linear
from tests.helpers.tensors import draw, random


def in_a_row(stages):
    return TaskSequential(chain.from_iterable(stages))


def names(stages):
    return [[type(module).__name__ for module in stage] for stage in stages]


def test_relu_behind_max_pooling_is_relu_before_it():
    (before,), _ = build_stages(parse("Conv 3x(3x3)"), (2, 8, 8), draw())
    (stage,), _ = build_stages(parse("Conv 3x(3x3), MP 2x2"), (2, 8, 8), draw())
    x = random(4, 2, 8, 8)
    expected = F.max_pool2d(nn.Sequential(*before)(x), 2)
    torch.testing.assert_close(nn.Sequential(*stage)(x), expected, rtol=0, atol=0)


class TestBuilding:
    def test_each_layer_with_weights_is_a_stage(self):
        layers = parse("MP 2x2, Conv 4x(3x3), BN, MP 2x2, Conv 5x(3x3), FC 6, BN, FC 7")
        stages, shape = build_stages(layers, (2, 16, 12), draw(), n_tasks=2)
        assert shape == (7,)
        assert names(stages) == [
            ["MaxPool2d", "Conv2d", "TaskBatchNorm", "MaxPool2d", "ReLU"],
            ["Conv2d", "ReLU"],
            ["FlattenLinear", "TaskBatchNorm", "ReLU"],
            ["FlattenLinear", "ReLU"],
        ]
        assert stages[0][2].running_mean.shape == (2, 4)

    @pytest.mark.parametrize(
        ("layers", "expected"),
        [
            (
                "FC 4, BN",
                [["FlattenLinear", "TaskBatchNorm", "ReLU"], ["FlattenLinear"]],
            ),
            ("MP 2x2", [["MaxPool2d", "FlattenLinear"]]),
            ("", [["FlattenLinear"]]),
        ],
    )
    def test_the_bottleneck_is_the_last_layer_with_weights(self, layers, expected):
        stages = build_encoder(parse(layers), (1, 4, 4), 3, draw())
        assert names(stages) == expected
        assert in_a_row(stages)([random(5, 1, 4, 4)], [0])[0].shape == (5, 3)

    @pytest.mark.parametrize("side", [5, 6, 7, 8])
    @pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    def test_built_layers_have_the_described_shapes(self, side, kernel, stride):
        text = (
            f"Conv 3x({kernel}x3) stride {stride}, MP 2x2, "
            f"Deconv 2x{kernel}x2 stride {stride}, Deconv 4x3x3"
        )
        shape = (1, side, 6)
        stages, end = build_stages(parse(text), shape, draw())
        assert end == shapes(parse(text), shape)[-1]
        (output,) = in_a_row(stages)([random(2, *shape)], [0])
        assert output.shape == (2, *end)

    @pytest.mark.parametrize("time", [6, 16, 17])
    @pytest.mark.parametrize("kernel", [1, 2, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    def test_built_layers_of_signals_have_the_described_shapes(
        self, time, kernel, stride
    ):
        text = (
            f"Conv 3x{kernel} stride {stride}, MP 2 stride 1, AP 1 stride 2, "
            f"Deconv 2x{kernel} stride {stride}, Profile 3, BN, FC 8, Reshape 2x4, "
            "Conv 2x3, Power"
        )
        shape = (2, time)
        stages, end = build_stages(parse(text), shape, draw())
        assert end == shapes(parse(text), shape)[-1]
        (output,) = in_a_row(stages)([random(2, *shape)], [0])
        assert output.shape == (2, *end)

    def test_a_convolution_of_signals_is_one_of_images_of_one_row(self):
        (stage,), _ = build_stages(parse("Conv 3x4 stride 2"), (2, 11), draw())
        (of_images,), _ = build_stages(parse("Conv 3x1x4 stride 2"), (2, 1, 11), draw())
        x = random(5, 2, 11)
        y, z = x, x[:, :, None]
        for module in stage:
            y = module(y)
        for module in of_images:
            z = module(z)
        # The images of one row lose none to the stride, and the weights are the same.
        torch.testing.assert_close(y, z[:, :, 0])

    def test_no_relu_is_around_the_logarithm_of_power(self):
        layers = parse("Conv 4x3, Power, BN, FC 3")
        stages, _ = build_stages(layers, (1, 20), draw(), n_tasks=2)
        assert names(stages) == [
            ["Conv1d", "LogPower", "TaskBatchNorm"],
            ["FlattenLinear", "ReLU"],
        ]
        (stage,), _ = build_stages(parse("Conv 4x3, BN, Profile 2"), (1, 20), draw())
        assert names([stage]) == [["Conv1d", "TaskBatchNorm", "LogPower"]]

    @pytest.mark.parametrize("kernel", [1, 2, 3, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3, None])
    def test_pooling_loses_no_row(self, kernel, stride):
        layer = MaxPool((kernel, 2), stride)
        (stage,), shape = build_stages([layer], (2, 7, 6), draw())
        x = random(3, 2, 7, 6)
        for module in stage:
            x = module(x)
        assert x.shape[1:] == shape == output_shape(layer, (2, 7, 6))

    def test_even_kernels_are_padded_to_the_lower_right(self):
        (stage,), _ = build_stages([Conv(2, (4, 2))], (1, 5, 6), draw())
        x = random(3, 1, 5, 6)
        output = x
        for module in stage:
            output = module(output)
        convolution = stage[1]
        expected = F.conv2d(
            F.pad(x, (0, 1, 1, 2)), convolution.weight, convolution.bias
        )
        torch.testing.assert_close(output, F.relu(expected))

    def test_a_linear_layer_flattens_images(self):
        layer = linear((2, 3, 4), 5, draw())
        x = random(6, 2, 3, 4)
        assert torch.equal(layer(x), layer(x.flatten(1)))

    def test_weights_depend_on_the_generator_alone(self):
        def build(seed):
            return in_a_row(build_encoder(parse("FC 4"), (3,), 2, draw(seed)))

        first = build(1).state_dict()
        with torch.random.fork_rng():
            torch.manual_seed(7)
            again = build(1).state_dict()
        for key, value in again.items():
            assert torch.equal(value, first[key])
        assert not torch.equal(build(2)[0].weight, first["0.weight"])


class TestModulesOfTheUser:
    def test_are_used_as_copies(self):
        own = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout())
        (stage,), shape = build_stages([own], (3,), draw())
        assert shape == (4,)
        assert stage[0] is not own
        assert torch.equal(stage[0][0].weight, own[0].weight)
        assert (own[1].running_mean == 0).all()  # looking at the shape leaves no trace
        assert own.training
        assert stage[0].training

    def test_count_as_layers_if_they_have_weights_of_their_own(self):
        layers = [nn.Flatten(), nn.Linear(8, 4), nn.BatchNorm1d(4), nn.ELU()]
        stages, _ = build_stages([*layers, *parse("FC 3")], (2, 2, 2), draw())
        assert names(stages) == [
            ["Flatten", "Linear", "BatchNorm1d", "ELU"],
            ["FlattenLinear", "ReLU"],
        ]

    def test_that_do_not_fit_are_an_error(self):
        with pytest.raises(ValueError, match=r"Linear.*does not fit an input of shape"):
            build_stages([nn.Linear(3, 2)], (4,), draw())

    @pytest.mark.parametrize(
        ("function", "fragment"),
        [
            (lambda x: (x, x), "returns tuple, not a tensor"),
            (lambda x: None, "returns NoneType, not a tensor"),
            (lambda x: x.numpy(), "returns ndarray, not a tensor"),
            (lambda x: x.double(), "returns torch.float64 on cpu, not torch.float32"),
            (lambda x: x.to(torch.complex64), "torch.complex64"),
            (lambda x: x.to("meta"), "on meta"),
            (lambda x: x.sum(), "tensor of shape ()"),
            (lambda x: x.sum(1), "tensor of shape (2,)"),
            (lambda x: x.sum(0, keepdim=True), "tensor of shape (1, 3)"),
            (lambda x: torch.cat([x, x]), "tensor of shape (4, 3)"),
            (lambda x: x[:, :0], "tensor of shape (2, 0)"),
            (lambda x, y: x, "missing 1 required positional argument"),
        ],
    )
    def test_that_make_no_samples_of_samples_are_an_error(self, function, fragment):
        class Own(nn.Module):
            def forward(self, *args):
                return function(*args)

        with pytest.raises(ValueError, match=r"Own\(\) does not fit") as caught:
            build_stages([Own()], (3,), draw())
        assert fragment in str(caught.value)

    def test_that_wait_for_their_sizes_are_an_error(self):
        with pytest.raises(ValueError, match=r"LazyLinear.* give it the sizes"):
            build_stages([nn.LazyLinear(2)], (3,), draw())
