"""The codes in two dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from sklearn.decomposition import PCA, TruncatedSVD

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.inspection import CodesDisplay
from tests.helpers.small import SMALL, labels, small, vectors

X = vectors()
Y = labels(X)
GRAY = "#999999"


@pytest.fixture(scope="module")
def clf():
    return JointTransferClassifier(**SMALL).fit(X, Y)


def colored(display):
    """The points of each color, of all tasks together."""
    found = {}
    for drawn in display.ax_.collections:
        points = np.asarray(drawn.get_offsets())
        if len(points):
            color = to_hex(drawn.get_facecolor()[0])
            found.setdefault(color, []).extend(map(tuple, points))
    return found


def same_up_to_signs(one, other):
    return np.allclose(np.abs(one), np.abs(other), atol=1e-4)


@pytest.mark.parametrize(
    ("codes", "columns"),
    [("shared", [0, 1, 2]), ("private", [3, 4]), ("both", range(5))],
)
def test_points_are_the_principal_components_of_all_tasks(clf, codes, columns):
    display = CodesDisplay.from_estimator(clf, X, codes=codes)
    z = np.concatenate(list(clf.transform(X).values()))[:, list(columns)]
    expected = PCA(2).fit_transform(z)
    points = np.concatenate([display.points["a"], display.points["b"]])
    assert same_up_to_signs(points, expected)


def test_each_class_has_a_color_and_its_name(clf):
    display = CodesDisplay.from_estimator(clf, X, Y)
    groups = colored(display)
    assert len(groups) == 3
    for label, points in zip(range(3), groups.values(), strict=True):
        expected = np.concatenate([display.points[t][Y[t] == label] for t in X])
        assert np.allclose(points, expected)
    assert {text.get_text() for text in display.ax_.texts} == {"0", "1", "2"}


def test_samples_without_labels_are_gray(clf):
    few = np.where(np.arange(24) < 6, Y["a"], -1)
    for y in ({"a": few}, {"a": [None if v == -1 else f"c{v}" for v in few]}):
        groups = colored(CodesDisplay.from_estimator(clf, X, y))
        assert len(groups.pop(GRAY)) == 18 + 15
        assert sorted(map(len, groups.values())) == [2, 2, 2]
    assert set(colored(CodesDisplay.from_estimator(clf, X))) == {GRAY}


def test_targets_are_on_a_scale(clf):
    y = {"a": np.linspace(0.5, 7.25, 24), "b": None}
    display = CodesDisplay.from_estimator(clf, X, y)
    drawn = [c for c in display.ax_.collections if c.get_array() is not None]
    assert [c.get_clim() for c in drawn] == [(0.5, 7.25)]
    assert np.allclose(drawn[0].get_array(), y["a"])


def test_tasks_have_markers_of_their_own(clf):
    names = [
        t.get_text()
        for t in CodesDisplay.from_estimator(clf, X, Y).ax_.get_legend().get_texts()
    ]
    assert names == ["a", "b"]


def test_any_transformer_can_be_given(clf):
    display = CodesDisplay.from_estimator(
        clf, X, transformer=TruncatedSVD(2, algorithm="arpack", random_state=0)
    )
    z = np.concatenate(list(clf.transform(X).values()))[:, :3]
    expected = TruncatedSVD(2, algorithm="arpack", random_state=0).fit_transform(z)
    assert np.allclose(np.concatenate(list(display.points.values())), expected)
    with pytest.raises(ValueError, match=r"shape \(39, 3\), expected \(39, 2\)"):
        CodesDisplay.from_estimator(clf, X, transformer=PCA(3))


def test_forms_agree(clf):
    packed, flat = pack(X, Y)
    expected = CodesDisplay.from_estimator(clf, X, Y)
    for samples, y in ((packed, flat), (list(X.values()), list(Y.values()))):
        found = CodesDisplay.from_estimator(clf, samples, y)
        for task in X:
            assert np.allclose(found.points[task], expected.points[task])
            assert np.array_equal(found.y[task], Y[task])
    clf = JointTransferClassifier(**SMALL).set_output(transform="pandas")
    clf.fit(X["a"], Y["a"])
    bare = CodesDisplay.from_estimator(clf, X["a"], Y["a"])
    assert len(colored(bare)) == 3


def test_one_code_lies_on_a_line():
    jae = JointAutoencoder(**small(n_shared=1)).fit(X)
    display = CodesDisplay.from_estimator(jae, X)
    assert np.allclose(display.points["a"][:, 0], jae.transform(X)["a"][:, 0])
    assert not display.points["a"][:, 1].any()


def test_codes_that_are_not_returned_are_refused():
    jae = JointAutoencoder(**SMALL, codes="private").fit(X)
    with pytest.raises(ValueError, match="no shared codes of this estimator"):
        CodesDisplay.from_estimator(jae, X)
    with pytest.raises(ValueError, match="got 'all'"):
        CodesDisplay.from_estimator(jae, X, codes="all")


@pytest.mark.parametrize("n_classes", [7, 10, 15])
def test_many_classes_have_different_colors(n_classes):
    rng = np.random.default_rng(0)
    y = np.arange(3 * n_classes) % n_classes
    display = CodesDisplay(points={"a": rng.normal(size=(len(y), 2))}, y={"a": y})
    groups = colored(display.plot())
    assert len(groups) == n_classes
    light = [np.dot(to_rgba(c)[:3], (0.2, 0.7, 0.1)) for c in groups]
    assert max(light) < 0.95  # none is lost on white paper
