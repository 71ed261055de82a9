"""The layers for several tasks at once, and how they are built."""

from __future__ import annotations

from itertools import chain

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sk_jae.architecture import Conv, Deconv, MaxPool, output_shape, parse, shapes
from sk_jae.nn import (
    CommonView,
    TaskBatchNorm,
    TaskSequential,
    UnflattenImage,
    UpConv2d,
)
from sk_jae.nn.builder import build_encoder, build_stages, linear


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(shape, generator=draw(seed))


def in_a_row(stages):
    return TaskSequential(chain.from_iterable(stages))


def names(stages):
    return [[type(module).__name__ for module in stage] for stage in stages]


class TestTaskBatchNorm:
    def test_each_task_is_normalized_by_its_own_samples(self):
        parts = [random(40, 3) * 5 + 7, random(30, 3, seed=1) - 2]
        norm = TaskBatchNorm(3, n_tasks=2)
        output = norm(torch.cat(parts), [0, 1], [40, 30])
        for part in output.split([40, 30]):
            torch.testing.assert_close(
                part.mean(0), torch.zeros(3), atol=1e-5, rtol=0.0
            )
            torch.testing.assert_close(
                part.std(0, correction=0), torch.ones(3), atol=1e-3, rtol=0.0
            )

    @pytest.mark.parametrize("shape", [(3,), (3, 4, 5)])
    def test_equals_one_torch_batch_norm_per_task(self, shape):
        plain = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        norm, expected = TaskBatchNorm(3, n_tasks=3), [plain(3) for _ in range(3)]
        for step in range(4):
            parts = {0: random(6, *shape, seed=step), 2: random(5, *shape, seed=9) * 3}
            output = norm(torch.cat(list(parts.values())), list(parts), [6, 5])
            for (t, part), found in zip(
                parts.items(), output.split([6, 5]), strict=True
            ):
                torch.testing.assert_close(found, expected[t](part))
        norm.eval()
        for t, other in enumerate(expected):
            x = random(4, *shape, seed=5)
            torch.testing.assert_close(norm(x, [t]), other.eval()(x))

    def test_one_vector_is_normalized_by_the_running_statistics(self):
        norm = TaskBatchNorm(3)
        norm(random(20, 3) + 4)
        x = random(1, 3)
        before = norm.running_mean.clone()
        output = norm(x)
        assert torch.equal(norm.running_mean, before)
        torch.testing.assert_close(output, norm.eval()(x))


class TestView:
    def test_of_the_same_shape_changes_nothing(self):
        x = random(2, 3, 5, 6)
        assert torch.equal(CommonView((3, 5, 6))(x), x)

    def test_color_becomes_gray_and_gray_is_repeated(self):
        x = random(2, 3, 5, 6)
        gray = CommonView((1, 5, 6))(x)
        torch.testing.assert_close(gray, x.mean(1, keepdim=True))
        assert torch.equal(CommonView((3, 5, 6))(gray), gray.repeat(1, 3, 1, 1))

    def test_opacity_is_left_out(self):
        x = random(2, 4, 5, 6)
        assert torch.equal(CommonView((3, 5, 6))(x), x[:, :3])
        torch.testing.assert_close(
            CommonView((1, 5, 6))(x), x[:, :3].mean(1, keepdim=True)
        )

    @pytest.mark.parametrize("size", [(9, 12), (3, 4), (5, 12)])
    def test_images_are_resized(self, size):
        # A constant stays so, and a picture in the left half is still there.
        x = torch.zeros(2, 1, 6, 8)
        x[..., :4] = 1
        small = CommonView((1, *size))(x)
        assert small.shape == (2, 1, *size)
        assert small[..., 0].min() > 0.99
        assert small[..., -1].max() < 0.01
        ones = torch.ones_like(x)
        torch.testing.assert_close(
            CommonView((1, *size))(ones), torch.ones(2, 1, *size)
        )


class TestLayers:
    def test_tasks_of_different_shapes_are_run_one_by_one(self):
        convolution = nn.Conv2d(1, 2, 3, padding=1)
        norm = TaskBatchNorm(2, n_tasks=3)
        parts = [random(4, 1, 5, 5), random(3, 1, 7, 6, seed=1)]
        found = TaskSequential([convolution, norm])(parts, [0, 2])
        assert [part.shape for part in found] == [(4, 2, 5, 5), (3, 2, 7, 6)]
        for part, t, result in zip(parts, [0, 2], found, strict=True):
            torch.testing.assert_close(result, norm(convolution(part), [t]))
        assert (norm.running_mean[1] == 0).all()

    def test_equals_running_every_task_alone(self):
        layers = TaskSequential([nn.Linear(4, 3), TaskBatchNorm(3, 2), nn.ReLU()])
        parts = [random(5, 4), random(2, 4, seed=1)]
        together = layers(parts, [0, 1])
        for t, part in enumerate(parts):
            torch.testing.assert_close(layers([part], [t])[0], together[t])

    def test_no_layers_give_back_what_they_get(self):
        x = random(2, 3)
        assert TaskSequential()([x], [0])[0] is x
        assert TaskSequential([nn.ReLU()])([], []) == []


class TestUpConv2d:
    @pytest.mark.parametrize("factor", [2, 3])
    @pytest.mark.parametrize("channels", [1, 6])
    @pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (7, 7), (3, 5), (1, 5), (1, 1)])
    def test_equals_upsampling_and_a_convolution(self, kernel, channels, factor):
        layer = UpConv2d(4, channels, kernel, factor).double()
        padding = tuple(side // 2 for side in kernel)
        convolution = nn.Conv2d(4, channels, kernel, padding=padding).double()
        convolution.load_state_dict(layer.state_dict())
        x = random(2, 4, 5, 6).double()
        found, expected = x.clone().requires_grad_(), x.clone().requires_grad_()
        output = layer(found)
        large = F.interpolate(expected, scale_factor=factor, mode="nearest")
        torch.testing.assert_close(output, convolution(large))
        weights = random(*output.shape, seed=1).double()
        (output * weights).sum().backward()
        (convolution(large) * weights).sum().backward()
        torch.testing.assert_close(found.grad, expected.grad)
        torch.testing.assert_close(layer.weight.grad, convolution.weight.grad)
        torch.testing.assert_close(layer.bias.grad, convolution.bias.grad)

    @pytest.mark.parametrize(
        ("layer", "shape"),
        [
            ("Deconv 3x3x3", (2, 5, 6)),
            ("Deconv 3x3x5 stride 3", (2, 5, 6)),
            ("Deconv 3x2x3", (2, 5, 6)),
            (Deconv(3, (3, 3), size=(9, 12)), (2, 5, 6)),
            (Deconv(3, (3, 3), size=(10, 18)), (2, 5, 6)),
            (Deconv(3, (3, 3), size=(4, 4)), (2, 5, 6)),
        ],
    )
    def test_a_deconvolution_is_upsampling_and_a_convolution(self, layer, shape):
        (layer,) = parse(layer) if isinstance(layer, str) else (layer,)
        ((*modules, _),), out_shape = build_stages([layer], shape, draw())
        (weights,) = [m for m in modules if isinstance(m, nn.Conv2d)]
        x = random(2, *shape)
        large = F.interpolate(x, size=out_shape[1:], mode="nearest")
        height, width = layer.kernel
        edges = ((width - 1) // 2, width // 2, (height - 1) // 2, height // 2)
        expected = F.conv2d(F.pad(large, edges), weights.weight, weights.bias)
        torch.testing.assert_close(nn.Sequential(*modules)(x), expected)


def test_relu_behind_max_pooling_is_relu_before_it():
    (before,), _ = build_stages(parse("Conv 3x(3x3)"), (2, 8, 8), draw())
    (stage,), _ = build_stages(parse("Conv 3x(3x3), MP 2x2"), (2, 8, 8), draw())
    x = random(4, 2, 8, 8)
    expected = F.max_pool2d(nn.Sequential(*before)(x), 2)
    torch.testing.assert_close(nn.Sequential(*stage)(x), expected, rtol=0, atol=0)


def test_images_made_of_vectors_have_the_layout_of_all_images():
    image = UnflattenImage((3, 4, 5))(random(2, 60))
    assert image.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(image.flatten(1), random(2, 60))


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
