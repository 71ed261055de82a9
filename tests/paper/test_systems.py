"""The nine systems of the paper."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, JointTransferClassifier, pack, paper

GRAY = {"first": (28, 28), "second": (28, 28)}
SHAPES = {
    1: GRAY,
    2: GRAY,
    3: {"deer": (32, 32, 3), "horse": (32, 32, 3)},
    4: {"deer": (32, 32, 3), "horse": (32, 32, 3)},
    5: {"female": (64, 64, 3), "male": (64, 64, 3)},
    6: {"female": (64, 64, 3), "male": (64, 64, 3)},
    7: {"mnist": (28, 28), "usps": (16, 16)},
    8: {"svhn": (32, 32, 3), "mnist": (28, 28)},
    9: {"svhn": (32, 32, 3), "mnist": (28, 28), "usps": (16, 16)},
}
PAIRS = {1: 2, 3: 4, 5: 6}
CLASSIFIERS = (7, 8, 9)
ONE_EPOCH = {"max_epochs": 1, "random_state": 0, "device": "cpu"}


def tiny(number, n=10):
    rng = np.random.default_rng(0)
    X = {
        name: rng.integers(256, size=(n, *shape), dtype=np.uint8)
        for name, shape in SHAPES[number].items()
    }
    return X, {name: np.arange(n) % 10 for name in X}


@cache
def fitted(number, **parameters):
    """Not to be changed."""
    X, y = tiny(number)
    return paper.figure(number, **{**ONE_EPOCH, **parameters}).fit(X, y)


@pytest.mark.parametrize(
    ("number", "batch_size", "max_epochs"),
    [
        (1, 256, 10),
        (2, 256, 10),
        (3, 128, 10),
        (4, 128, 10),
        (5, 64, 30),
        (6, 64, 30),
        (7, 64, 10),
        (8, 64, 10),
        (9, 64, 20),
    ],
)
def test_training_settings_are_those_of_the_supplement(number, batch_size, max_epochs):
    estimator = paper.figure(number)
    assert (estimator.batch_size, estimator.max_epochs) == (batch_size, max_epochs)
    assert (estimator.optimizer, estimator.lr) == ("adam", 0.001)
    assert estimator.reconstruction_loss == "mse"
    assert estimator.lr_schedule == "constant"
    assert not estimator.early_stopping
    assert estimator.weight_decay == 0
    assert estimator.augmentation is None
    assert estimator.shared_input is None
    assert (estimator.shared_depth, estimator.n_shared_layers) == (-1, 1)
    kind = JointTransferClassifier if number in CLASSIFIERS else JointAutoencoder
    assert type(estimator) is kind


@pytest.mark.parametrize(
    ("number", "reconstruction", "classification"), [(7, 4, 1), (8, 1, 4), (9, 1, 4)]
)
def test_loss_weights_are_the_papers_and_there_is_no_other_term(
    number, reconstruction, classification
):
    estimator = fitted(number)
    last = estimator.history_[-1]
    expected = (
        reconstruction
        * sum(last[f"train_reconstruction_{name}"] for name in tiny(number)[0])
    ) + classification * sum(
        last[f"train_classification_{name}"] for name in tiny(number)[0]
    )
    assert last["train_loss"] == pytest.approx(expected, rel=1e-4)
    assert not [key for key in last if "infomax" in key or "consistency" in key]


@pytest.mark.parametrize("number", SHAPES)
def test_one_epoch_gives_reconstructions_of_the_inputs_shapes(number):
    X, _ = tiny(number)
    estimator = fitted(number)
    assert estimator.n_iter_ == 1
    rebuilt = estimator.reconstruct(X)
    assert {name: x.shape for name, x in rebuilt.items()} == {
        name: x.shape for name, x in X.items()
    }


@pytest.mark.parametrize("number", CLASSIFIERS)
def test_every_task_is_predicted(number):
    X, _ = tiny(number)
    predicted = fitted(number).predict(X)
    assert {name: labels.shape for name, labels in predicted.items()} == dict.fromkeys(
        X, (10,)
    )


@pytest.mark.parametrize(
    ("number", "n_parameters"), [(7, 1.36e6), (8, 3e6)], ids=["7", "8"]
)
def test_parameters_are_as_many_as_the_paper_says(number, n_parameters):
    assert fitted(number).n_parameters_ == pytest.approx(n_parameters, rel=0.01)


@pytest.mark.parametrize(("alone", "joint"), PAIRS.items())
def test_a_pair_has_codes_as_large_as_the_joint_autoencoders(alone, joint):
    pair, jae = paper.figure(alone), paper.figure(joint)
    assert pair.n_shared == 0
    assert pair.n_private == jae.n_shared + jae.n_private
    assert (pair.encoder, pair.decoder) == (jae.encoder, jae.decoder)


@pytest.mark.parametrize(("alone", "joint"), PAIRS.items())
def test_the_reduced_version_has_as_many_parameters_as_the_pair(alone, joint):
    pair = fitted(alone).n_parameters_
    assert fitted(joint, reduced=True).n_parameters_ == pytest.approx(pair, rel=0.01)
    assert fitted(joint).n_parameters_ > 1.7 * pair


@pytest.mark.parametrize("number", [2, 4, 6, 7, 8, 9])
def test_the_bottleneck_alone_is_tied(number):
    estimator = fitted(number)
    module = estimator.module_
    (layer,) = module.tied
    n_in, n_out = layer.weight.shape[1], layer.weight.shape[0]
    assert n_out == estimator.n_shared
    # Each private branch ends alike, so that nothing lies behind what is tied.
    assert all(list(e)[-1].weight.shape[1] == n_in for e in module.private_encoders)
    assert not list(module.post_tied.parameters())
    assert len(module.pre_tied) == len(SHAPES[number])


@pytest.mark.parametrize("depth", range(1, 6))
def test_figure_2_can_tie_any_of_five_layers(depth):
    X, y = tiny(2)
    jae = fitted(2, shared_depth=depth)
    assert jae.module_.earliest_depth == 1
    # What is tied is there once instead of twice.
    tied = sum(p.numel() for p in jae.module_.tied.parameters())
    rest = clone(jae).set_params(shared_depth=6 - depth).fit(X, y)
    others = sum(p.numel() for p in rest.module_.tied.parameters())
    assert jae.n_parameters_ + tied == rest.n_parameters_ + others


def test_figure_2_has_no_sixth_layer():
    with pytest.raises(ValueError, match="shared_depth=6 is out of range"):
        paper.figure(2, shared_depth=6, **ONE_EPOCH).fit(tiny(2)[0])


def test_halves_with_classes_have_the_layers_of_figure_2():
    clf, jae = paper.mnist_halves_transfer(), paper.mnist_halves()
    for name in ("encoder", "decoder", "n_shared", "n_private", "shared_depth"):
        assert getattr(clf, name) == getattr(jae, name)
    X, y = tiny(2)
    y = {"first": y["first"] % 5, "second": y["second"] % 5 + 5}
    clf = paper.mnist_halves_transfer(strategy="common-branch", **ONE_EPOCH).fit(X, y)
    assert [list(classes) for classes in clf.task_classes_] == [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
    ]


def test_figure_9_joins_the_branches_of_figures_8_and_7():
    module, svhn_mnist, mnist_usps = (fitted(number).module_ for number in (9, 8, 7))
    for joined, t, earlier, u in (
        (module, 0, svhn_mnist, 0),
        (module, 1, svhn_mnist, 1),
        (module, 2, mnist_usps, 1),
    ):
        assert str(joined.private_encoders[t]) == str(earlier.private_encoders[u])
        assert str(joined.shared_decoders[t]) == str(earlier.shared_decoders[u])


@pytest.mark.parametrize("number", SHAPES)
def test_parameters_can_be_overridden(number):
    estimator = paper.figure(number, random_state=3, device="cpu", batch_size=7, lr=0.1)
    assert estimator.random_state == 3
    assert estimator.device == "cpu"
    assert (estimator.batch_size, estimator.lr) == (7, 0.1)


def test_reconstruction_can_be_weighed_as_a_sum_over_features():
    X, y = tiny(7)
    weights = {"mnist": 4 * 28 * 28, "usps": 4 * 16 * 16}
    clf = paper.figure(7, reconstruction_weight=weights, **ONE_EPOCH).fit(X, y)
    last = clf.history_[-1]
    summed = sum(
        weight * last[f"train_reconstruction_{name}"]
        for name, weight in weights.items()
    )
    assert last["train_loss"] > summed > 100


@pytest.mark.parametrize("number", [0, 10, -1, 2.5, "2", None])
def test_other_figures_are_refused(number):
    with pytest.raises(ValueError, match="number from 1 to 9"):
        paper.figure(number)


def test_only_joint_autoencoders_can_be_reduced():
    with pytest.raises(TypeError, match="reduced"):
        paper.figure(1, reduced=True)


@pytest.mark.parametrize("number", SHAPES)
def test_calls_share_nothing(number):
    one, other = paper.figure(number), paper.figure(number)
    assert one is not other
    if number == 9:
        one.decoder.append("FC 3")
        assert len(other.decoder) == len(paper.figure(9).decoder) == 3


@pytest.mark.parametrize("number", SHAPES)
def test_clones_pickles_and_shows_what_it_is(number):
    estimator = paper.figure(number, random_state=0)
    parameters = estimator.get_params()
    assert clone(estimator).get_params() == parameters
    assert pickle.loads(pickle.dumps(estimator)).get_params() == parameters
    shown = repr(estimator)
    assert shown.startswith(type(estimator).__name__)
    assert "encoder=" in shown
    assert "Conv" in shown


def test_grid_search_over_depth_and_weights():
    X, y = pack(*tiny(7, n=20))
    search = GridSearchCV(
        paper.mnist_usps(**ONE_EPOCH),
        {"shared_depth": [-2, -1], "reconstruction_weight": [1, 4]},
        cv=2,
        error_score="raise",
    )
    search.fit(X, y)
    assert search.cv_results_["mean_test_score"].shape == (4,)
