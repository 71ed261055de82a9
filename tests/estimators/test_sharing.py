"""Which layers the estimators tie, and what the shared branch sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import CONV, PAPER, SMALL, labeled_vectors, small


class TestSharing:
    @pytest.mark.parametrize(
        ("depth", "n_layers", "n_tied"),
        [(-1, None, 1), (-2, None, 2), (2, None, 2), ("auto", None, 2), (2, 1, 1)],
    )
    def test_depth_of_tied_layers(self, depth, n_layers, n_tied):
        X, y = labeled_vectors()
        parameters = {**PAPER, "encoder": (9, 8), "n_shared_layers": n_layers}
        parameters["shared_depth"] = depth
        clf = JointTransferClassifier(**parameters).fit(X, y)
        module = clf.module_
        tied = [layer for layer in module.tied if isinstance(layer, torch.nn.Linear)]
        assert len(tied) == n_tied
        assert module.earliest_depth == 2

    @pytest.mark.parametrize("depth", [1, -3, 4, 0])
    def test_a_depth_that_does_not_work_is_an_error(self, depth):
        X, _ = labeled_vectors()
        jae = JointAutoencoder(**small(encoder=(9, 8), shared_depth=depth))
        message = "out of range" if depth in (4, 0) else "that works is 2 .*or -2"
        with pytest.raises(ValueError, match=message):
            jae.fit(X)

    def test_encoders_of_each_task_tie_where_they_end_alike(self):
        X, _ = labeled_vectors()
        encoder = {"a": (5, 9, 8), "b": "FC 9, FC 8"}
        for form in (encoder, list(encoder.values())):
            jae = JointAutoencoder(**small(encoder=form, shared_depth="auto"))
            tied = [
                m.weight.shape for m in jae.fit(X).module_.tied if hasattr(m, "bias")
            ]
            assert tied == [(8, 9), (3, 8)]

    SHAPES = ((8, 8), (9, 10, 3))

    def images(self):
        rng = np.random.default_rng(0)
        return [rng.normal(size=(12, *shape)) for shape in self.SHAPES]

    @pytest.mark.parametrize(
        ("shared_input", "expected"), [("auto", (1, 9, 10)), ((3, 12, 8), (3, 12, 8))]
    )
    def test_images_seen_in_one_shape_can_be_tied_from_the_start(
        self, shared_input, expected
    ):
        X = self.images()
        jae = JointAutoencoder(
            **small(CONV, shared_depth=1, shared_input=shared_input)
        ).fit(X)
        (convolution,) = (m for m in jae.module_.tied if isinstance(m, torch.nn.Conv2d))
        assert convolution.in_channels == expected[0]
        shapes = [getattr(view, "shape", None) for view in jae.module_.views]
        assert shapes == [expected, expected]
        assert [z.shape for z in jae.reconstruct(X)] == [x.shape for x in X]

    def test_images_left_as_they_are_can_be_tied_later(self):
        X = self.images()
        jae = JointAutoencoder(**small(CONV, shared_depth=1, shared_input=None))
        with pytest.raises(ValueError, match="earliest shared_depth that works is 3"):
            jae.fit(X)
        jae.set_params(shared_depth=3).fit(X)
        assert all(isinstance(v, torch.nn.Identity) for v in jae.module_.views)

    def test_vectors_are_left_alone(self):
        X = [*self.images(), np.zeros((12, 4))]
        jae = JointAutoencoder(**SMALL).fit(X)
        assert all(isinstance(v, torch.nn.Identity) for v in jae.module_.views)
        with pytest.raises(ValueError, match=r"task 'task2' have the shape \(4,\)"):
            jae.set_params(shared_input=(1, 8, 8)).fit(X)

    @pytest.mark.parametrize("wrong", [(8, 8), (1, 0, 8), (1, 8, 8.5)])
    def test_a_shape_that_is_none(self, wrong):
        with pytest.raises(ValueError, match=r"\(channels, height, width\)"):
            JointAutoencoder(**small(shared_input=wrong)).fit(self.images())
