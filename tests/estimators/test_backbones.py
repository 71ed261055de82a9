"""Networks of other libraries as the encoder that all tasks share."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn
from torchvision.models import resnet18

import sk_jae
from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.exceptions import MissingFunctionError
from sk_jae.model_selection import JointStratifiedKFold
from tests.helpers.backbones import Features
from tests.helpers.exported import assert_programs_agree, run_torch
from tests.helpers.small import small

BACKBONE = small(encoder=(8,), shared_input=(3, 16, 16), batch_size=8)


def pictures():
    """Pictures in color with labels, and one more gray picture than fit a batch."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    color = rng.random((20, 3, 16, 16)) + y[:, None, None, None]
    return [color.astype(np.float32), rng.random((17, 12, 12))], [y, None]


def classifier(network, **changes):
    return JointTransferClassifier(**{**BACKBONE, **changes}, shared_encoder=network)


def same(one, other):
    return all(torch.equal(v, other[k]) for k, v in one.items())


def encoder_of(est, t=0):
    """The copy of the user's network that reads the samples of a task."""
    return est.module_.tied[0].copies[t]


@pytest.fixture(scope="module")
def fit():
    torch.manual_seed(0)
    network = Features()
    before = copy.deepcopy(network.state_dict())
    X, y = pictures()
    return network, before, classifier(network).fit(X, y), X, y


class TestOneNetwork:
    def test_a_copy_is_trained(self, fit):
        network, before, est, _, _ = fit
        assert same(before, network.state_dict())
        assert not same(before, encoder_of(est).state_dict())

    def test_all_tasks_share_its_weights_and_not_its_statistics(self, fit):
        _, _, est, _, _ = fit
        first, second = encoder_of(est, 0), encoder_of(est, 1)
        assert first.stem.weight is second.stem.weight
        assert not torch.equal(first.norm.running_mean, second.norm.running_mean)

    def test_the_private_branches_have_the_other_encoder(self, fit):
        _, _, est, _, _ = fit
        kinds = [type(m).__name__ for m in est.module_.private_encoders[0]]
        assert kinds == ["FlattenLinear", "ReLU", "FlattenLinear"]

    def test_equal_seeds_give_equal_results(self, fit):
        _, _, est, X, y = fit
        other = clone(est).fit(X, y)
        assert same(est.module_.state_dict(), other.module_.state_dict())

    def test_pickles_and_files(self, fit, tmp_path):
        _, _, est, X, _ = fit
        est.save(tmp_path / "model.jae")
        with pytest.raises(MissingFunctionError, match=r"shared_encoder \(Features\)"):
            sk_jae.load(tmp_path / "model.jae")
        given = {"shared_encoder": Features()}
        for other in (
            pickle.loads(pickle.dumps(est)),
            sk_jae.load(tmp_path / "model.jae", functions=given),
        ):
            weights = [encoder_of(other, t).stem.weight for t in range(2)]
            assert weights[0] is weights[1]
            for one, two in zip(est.transform(X), other.transform(X), strict=True):
                np.testing.assert_array_equal(one, two)

    def test_a_program_of_it(self, fit, tmp_path):
        _, _, est, X, _ = fit
        est.export(1, tmp_path / "program.pt2", "predict_proba")
        run, _ = run_torch(tmp_path / "program.pt2")
        assert_programs_agree(est, X, 1, "predict_proba", run)


class TestLearningRate:
    def test_frozen_it_stays_as_it_is_to_the_last_bit(self):
        network, (X, y) = Features(), pictures()
        est = classifier(network, shared_encoder_lr=0).fit(X, y)
        for t in range(2):
            assert same(network.state_dict(), encoder_of(est, t).state_dict())
        assert est.n_parameters_ == classifier(network).fit(X, y).n_parameters_ - sum(
            p.numel() for p in network.parameters()
        )

    def test_weights_that_the_user_froze_stay_and_statistics_follow_the_tasks(self):
        network, (X, y) = Features(), pictures()
        network.requires_grad_(False)
        est = classifier(network).fit(X, y)
        own = encoder_of(est, 1)
        assert torch.equal(network.stem.weight, own.stem.weight)
        assert not torch.equal(network.norm.running_mean, own.norm.running_mean)
        assert (
            not pickle.loads(pickle.dumps(est))
            .module_.tied[0]
            .copies[1]
            .stem.weight.requires_grad
        )

    def test_it_has_a_rate_of_its_own(self):
        """Steps of plain gradient descent are in proportion to the rate."""
        network, (X, y) = Features(), pictures()
        network.drop.p = 0.0
        moved = []
        for lr in (1e-3, 2e-3):
            est = classifier(
                network,
                shared_encoder_lr=lr,
                optimizer="sgd",
                max_epochs=1,
                batch_size=20,
                augmentation=None,
                lr_schedule="constant",
                weight_decay=0.0,
            ).fit(X, y)
            moved.append(encoder_of(est).stem.weight.detach() - network.stem.weight)
        torch.testing.assert_close(moved[1], 2 * moved[0], rtol=1e-3, atol=1e-7)

    def test_a_warm_start_thaws_it(self):
        network, (X, y) = Features(), pictures()
        est = classifier(network, shared_encoder_lr=0, warm_start=True).fit(X, y)
        est.set_params(shared_encoder_lr=0.01).fit(X, y)
        assert not torch.equal(network.stem.weight, encoder_of(est).stem.weight)

    def test_a_search_over_freezing(self):
        X, y = pack(*pictures())
        search = GridSearchCV(
            classifier(Features(), max_epochs=1),
            {"shared_encoder_lr": [0.0, 1e-3]},
            cv=JointStratifiedKFold(2),
            error_score="raise",
        ).fit(X, y)
        assert len(search.cv_results_["mean_test_score"]) == 2

    def test_a_frozen_dense_encoder(self):
        X = [np.eye(12, 4), np.eye(9, 4)]
        est = JointAutoencoder(**small(), shared_encoder=(6,), shared_encoder_lr=0).fit(
            X
        )
        assert not est.module_.tied[0].weight.requires_grad
        assert est.module_.tied[-1].weight.requires_grad
        assert clone(est).fit(X).n_parameters_ == est.n_parameters_


class TestResnet:
    def test_a_new_one_in_every_fit(self):
        X, y = pictures()
        make = partial(resnet18, weights=None, num_classes=4)
        est = classifier(make, max_epochs=1).fit(X, y)
        assert encoder_of(est).conv1.weight is encoder_of(est, 1).conv1.weight
        assert [p.shape for p in est.predict_proba(X)] == [(20, 2), (17, 2)]

    def test_the_function_itself_never_starts_a_download(self, monkeypatch):
        def download(*args, **kwargs):
            raise AssertionError("a download was started")

        monkeypatch.setattr(torch.hub, "load_state_dict_from_url", download)
        X, y = pictures()
        with pytest.raises(TypeError, match=r"resnet18.*resnet18\(weights=\.\.\.\)"):
            classifier(resnet18).fit(X, y)


class TestBothBranches:
    def test_a_module_alone_is_the_encoder_of_both(self):
        network = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh())
        X = [np.eye(12, 4), np.eye(9, 4)]
        est = JointAutoencoder(**small(encoder=network), shared_depth=1).fit(X)
        assert isinstance(est.module_.private_encoders[0][0], nn.Sequential)
        assert isinstance(encoder_of(est), nn.Sequential)

    def test_a_factory_may_return_one_module(self):
        X = [np.eye(12, 4), np.eye(9, 4)]
        est = JointAutoencoder(**small(encoder=lambda s: nn.Linear(s[0], 3))).fit(X)
        assert [type(m) for m in est.module_.private_encoders[0]][:1] == [nn.Linear]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shared_encoder_lr": 0.1}, "learning rate of shared_encoder, which is None"),
        ({"shared_encoder": (4,), "n_shared": 0}, "n_shared=0 leaves no shared branch"),
        ({"shared_encoder": (4,), "shared_depth": 2}, "shared_depth=2"),
        ({"shared_encoder": (4,), "n_shared_layers": 1}, "n_shared_layers=1"),
        ({"shared_encoder": (4,), "shared_encoder_lr": -1.0}, "shared_encoder_lr"),
        ({"shared_encoder": [4]}, "shared_encoder"),
    ],
)
def test_contradictions_are_refused(changes, message):
    est = JointAutoencoder(**small(**changes))
    with pytest.raises(ValueError, match=message):
        est.fit([np.eye(9, 4), np.eye(8, 4)])


def test_a_network_that_does_not_fit_is_named():
    X, y = pictures()
    message = r"In the encoder of task 'task0': Features does not fit .*3 channels"
    with pytest.raises(ValueError, match=message):
        classifier(Features(), shared_input=(1, 16, 16)).fit(X, y)
