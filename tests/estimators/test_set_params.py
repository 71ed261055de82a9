"""set_params after fit changes the next fit, and nothing that is fitted."""

from __future__ import annotations

import inspect
import numbers

import numpy as np
import pytest
import torch
from skorch.callbacks import EpochTimer, LRScheduler

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import images, small

rng = np.random.default_rng(0)
# In [0, 1], for the binary cross-entropy, with units and a layout to remember.
X = {"vectors": rng.random((24, 6)), "images": images()["last"]}
y = {"vectors": np.array(["cat", "dog", "owl"])[np.arange(24) % 3]}
PACKED, _ = pack(X)
PARAMETERS = small(reconstruction_loss="bce")

FITTED = {
    "autoencoder": JointAutoencoder(**PARAMETERS).fit(X),
    "classifier": JointTransferClassifier(**PARAMETERS).fit(X, y),
    "one array": JointTransferClassifier(**PARAMETERS).fit(X["vectors"], y["vectors"]),
    "shared codes": JointTransferClassifier(**PARAMETERS, codes="shared").fit(X, y),
    "no private code": JointAutoencoder(**{**PARAMETERS, "n_private": 0}).fit(X),
    "no shared code": JointAutoencoder(**{**PARAMETERS, "n_shared": 0}).fit(X),
}
OTHERS = {
    "encoder": ["FC 5", [(3,), (4,)]],
    "decoder": ["FC 5"],
    "shared_encoder": [(5,)],
    "shared_encoder_lr": [0.0],
    "shared_depth": [1, "auto"],
    "n_shared_layers": [1],
    "shared_input": [None, (1, 4, 4), [None, None]],
    "layout": ["first", "last"],
    "input_scaling": [None, "whiten"],
    "loss_scaling": [None],
    "sampling_rate": [100.0],
    "class_weight": ["balanced"],
    "class_prior": [[0.2, 0.3, 0.5], {"images": {"cat": 0.5, "dog": 0.5}}],
    "weight_decay": [0.0, 0.1],
    "head": ["shared", "both"],
    "strategy": ["common-branch"],
    "reconstruction_loss": ["mse", lambda r, x: (r - x).abs()],
    "max_epochs": ["auto", 7],
    "lr_schedule": ["constant", "cosine"],
    "optimizer": ["sgd", torch.optim.RMSprop],
    "augmentation": [None, "auto", torch.zeros_like],
    "precision": ["bfloat16"],
    "device": ["cuda", "auto"],
    "codes": ["both", "shared", "private"],
    "callbacks": ["disable", [LRScheduler("StepLR", step_size=1)]],
    "random_state": [5, None],
}


def others(name, value):
    """Other valid values of a parameter."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return [not value]
    assert isinstance(value, numbers.Real), f"add values of {name} to OTHERS"
    return [value + 1 if isinstance(value, int) else value / 2]


CASES = [
    (kind, name, value)
    for kind, estimator in FITTED.items()
    for name in inspect.signature(type(estimator)).parameters
    for value in others(name, getattr(estimator, name))
]


def outputs(estimator):
    """All that an estimator says of samples and of itself."""
    one = estimator.n_tasks_ == 1
    form = X["vectors"] if one else X
    labels = y["vectors"] if one else y
    flat = form if one else PACKED
    codes = estimator.transform(form)
    kinds = [k for k in ("shared", "private") if getattr(estimator.module_, f"n_{k}")]
    found = [
        codes,
        estimator.transform(flat),
        estimator.inverse_transform(codes),
        estimator.get_feature_names_out(),
        *(estimator.reconstruct(form, codes=k) for k in ["both", *kinds]),
        estimator.score(form, labels),
        estimator.loss_curve_,
        estimator.history_,
        estimator.n_iter_,
        estimator.n_parameters_,
        estimator.feature_shapes_in_,
        list(estimator.module_.state_dict().values()),
    ]
    if "shared" in kinds and not one:
        found.append(estimator.translate(X["vectors"], "vectors", "images"))
    if hasattr(estimator, "predict"):
        found += [estimator.classes_, estimator.task_classes_]
        for method in ("predict", "predict_proba", "decision_function"):
            found += [getattr(estimator, method)(x) for x in (form, flat)]
    return found


def assert_equal(one, other):
    """The same values to the last bit, in containers of the same kind."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def before():
    return {kind: outputs(estimator) for kind, estimator in FITTED.items()}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)],
)
def test_of_one_parameter(kind, name, value, before):
    estimator = FITTED[kind]
    earlier = estimator.get_params(deep=False)[name]
    try:
        assert estimator.set_params(**{name: value}) is estimator
        assert_equal(outputs(estimator), before[kind])
    finally:
        estimator.set_params(**{name: earlier})


def test_codes_that_the_next_fit_would_not_have():
    """Fitted sizes decide what there is, the parameters what there will be."""
    estimator = FITTED["autoencoder"]
    try:
        estimator.set_params(n_private=0)
        assert estimator.reconstruct(X, codes="private").keys() == X.keys()
        none = FITTED["no private code"].set_params(n_private=2)
        with pytest.raises(ValueError, match="n_private is 0"):
            none.reconstruct(X, codes="private")
    finally:
        estimator.set_params(n_private=2)
        none.set_params(n_private=0)


def test_of_a_callback():
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.5)
    callbacks = [("lr", scheduler), EpochTimer()]
    jae = JointAutoencoder(**PARAMETERS, callbacks=callbacks).fit(X)
    expected = outputs(jae)
    jae.set_params(callbacks__lr__step_size=2, callbacks__lr__gamma=0.1)
    assert_equal(outputs(jae), expected)
    rates = [row["event_lr"] for row in jae.set_params(max_epochs=3).fit(X).history_]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.001])


def test_takes_effect_in_the_next_fit():
    jae = JointAutoencoder(**PARAMETERS).fit(X)
    jae.set_params(codes="private")
    assert jae.transform(X)["vectors"].shape == (24, 5)
    assert jae.fit(X).transform(X)["vectors"].shape == (24, 2)
    assert list(jae.get_feature_names_out()) == ["private0", "private1"]
