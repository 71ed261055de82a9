"""What numpy does about floating-point errors changes no result."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
    transfer_report,
)
from sk_jae.model_selection import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
    task_train_test_split,
)
from sk_jae.preprocessing import PerTask
from tests.helpers.small import small

rng = np.random.default_rng(0)
SHAPES = (40, 6), (30, 4)
Y = np.arange(40) % 3
FEW = np.where(np.arange(30) % 3 == 0, 0, -1)


def both(make):
    return [make(shape) for shape in SHAPES]


def images(scale, dtype):
    shapes = (40, 8, 9), (30, 3, 9, 8)
    return [(scale * rng.random(shape)).astype(dtype) for shape in shapes]


SAMPLES = {
    "usual": both(lambda shape: rng.normal(size=shape)),
    "constant": both(np.ones),
    "denormal": both(lambda shape: np.where(rng.random(shape) < 0.5, 5e-324, 1.0)),
    "float16": both(lambda shape: (6e4 * rng.random(shape)).astype(np.float16)),
    "float32": both(
        lambda shape: np.geomspace(
            1e-44, 9e4, np.prod(shape), dtype=np.float32
        ).reshape(shape)
    ),
    "long": both(lambda shape: rng.normal(size=shape).astype(np.longdouble)),
    "booleans": both(lambda shape: rng.random(shape) < 0.5),
    "uint8 images": images(255, np.uint8),
    "dark images": images(1e-30, np.float64),
    "bright images": images(1e15, np.float32),
}


def arrays_in(outputs):
    """All arrays in what methods have returned."""
    if hasattr(outputs, "arrays"):
        outputs = outputs.arrays
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, (list, tuple)):
        return [array for item in outputs for array in arrays_in(item)]
    return [np.asarray(outputs)]


def of_autoencoder(X):
    jae = JointAutoencoder(**small(early_stopping=True)).fit(X)
    codes = jae.transform(X)
    yield [codes, jae.inverse_transform(codes), jae.reconstruct(X), jae.score(X)]
    yield [jae.translate(X[0], 0, 1), jae.loss_curve_]


def of_classifier(X):
    clf = JointTransferClassifier(**small(max_epochs=4)).fit(X, [Y, FEW])
    yield [clf.predict(X), clf.predict_proba(X), clf.decision_function(X)]
    yield [clf.score(X, [Y, None]), clf.transform(pack(X)[0]), clf.loss_curve_]


def of_scorers(X):
    y = [Y, None]
    clf = JointTransferClassifier(**small()).fit(X, y)
    for scorer in (
        EntropyScorer(),
        InformationMaximizationScorer(),
        LabeledScorer(),
        ReverseValidationScorer(),
        SoftNeighborhoodDensityScorer(),
    ):
        yield scorer(clf, X, y)
    transfer_report(clf, X, y)


def of_transformers(X):
    for scaler in (StandardScaler(), MinMaxScaler()):
        per_task = PerTask(scaler).fit(X)
        scaled = per_task.transform(X)
        yield [scaled, per_task.inverse_transform(scaled)]
        yield PerTask(scaler).fit_transform(pack(X)[0])


def of_splitters(X):
    packed, y = pack(X, [Y, FEW])
    for splitter in (
        JointStratifiedKFold(3),
        JointStratifiedShuffleSplit(2, random_state=0),
        LeaveOneTaskOut(),
    ):
        yield [list(part) for part in splitter.split(packed, y)]
    yield task_train_test_split(X, [Y, None], random_state=0)


PARTS = (of_autoencoder, of_classifier, of_scorers, of_transformers, of_splitters)


@pytest.mark.filterwarnings("ignore:y holds -1")
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("part", PARTS)
def test_errors_that_numpy_raises_change_nothing(part, name):
    X = SAMPLES[name]
    expected = arrays_in(list(part(X)))
    with np.errstate(all="raise"):
        found = arrays_in(list(part(X)))
    assert len(found) == len(expected) > 1
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)
