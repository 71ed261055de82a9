"""Displays of samples: what they draw is what the estimator returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_jae import JointAutoencoder, pack
from sk_jae.inspection import ReconstructionDisplay, TranslationDisplay
from sk_jae.preprocessing import PerTask
from tests.helpers.small import SMALL, images, small, vectors

CODES = ["both", "shared", "private"]


def spectra(n=12, points=40):
    """Smooth curves over wavelengths, which are the names of the columns."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 3, points)
    y = np.sin(x + rng.uniform(0, 1, size=(n, 1))) + rng.uniform(1, 2, size=(n, 1))
    return pd.DataFrame(y, columns=[str(900 + 2 * i) for i in range(points)])


def pixels(axes):
    return np.array([ax.images[0].get_array() for ax in axes])


def test_images_are_the_reconstructions():
    X = images()
    jae = JointAutoencoder(**SMALL).fit(X)
    display = ReconstructionDisplay.from_estimator(jae, X, n_samples=3)
    gray, first, last = display.axes_
    assert gray.shape == (4, 3)
    rows = [0, 6, 13]  # of 20
    assert np.array_equal(pixels(gray[0]), X["gray"][rows])
    for axes, codes in zip(gray[1:], CODES, strict=True):
        expected = jae.reconstruct({"gray": X["gray"][rows]}, codes=codes)["gray"]
        assert np.array_equal(pixels(axes), expected)
    # Three channels are colors from 0 to 1, with the range of the input.
    for axes, color in ((first, np.moveaxis(X["first"], 1, -1)), (last, X["last"])):
        n = len(color)
        chosen = color[[0, n // 3, 2 * n // 3]].astype(float)
        expected = (chosen - chosen.min()) / np.ptp(chosen)
        assert np.allclose(pixels(axes[0]), expected)


def test_tables_are_in_standard_deviations():
    X = vectors()
    X["b"] = pd.DataFrame(X["b"], columns=list("wxyz"))
    jae = JointAutoencoder(**SMALL).fit(X)
    _, axes = ReconstructionDisplay.from_estimator(jae, X, n_samples=3).axes_
    table = X["b"].to_numpy()
    expected = (table[[0, 5, 10]] - table.mean(0)) / table.std(0)
    assert axes.shape == (4, 1)
    assert np.allclose(axes[0, 0].images[0].get_array(), expected)
    private = jae.reconstruct({"b": X["b"].iloc[[0, 5, 10]]}, codes="private")["b"]
    expected = (private - table.mean(0)) / table.std(0)
    assert np.allclose(axes[3, 0].images[0].get_array(), expected, atol=1e-5)
    assert [t.get_text() for t in axes[3, 0].get_xticklabels()] == list("wxyz")


def test_spectra_are_curves_over_the_input():
    X = spectra()
    jae = JointAutoencoder(**SMALL).fit(X)
    (axes,) = ReconstructionDisplay.from_estimator(jae, X).axes_
    assert axes.shape == (3, 4)
    rows = [0, 3, 6, 9]
    for codes, line in zip(CODES, axes, strict=True):
        expected = jae.reconstruct(X.iloc[rows], codes=codes)
        for ax, made, given in zip(line, expected, X.to_numpy()[rows], strict=True):
            below, above = ax.lines
            assert np.array_equal(above.get_xdata(), np.arange(900, 980, 2))
            assert np.allclose(below.get_ydata(), given)
            assert np.allclose(above.get_ydata(), made)


def test_kind_overrules_what_vectors_look_like():
    X = [spectra(), np.random.default_rng(0).normal(size=(10, 40))]
    jae = JointAutoencoder(**SMALL).fit(X)

    def has_images(**kwargs):
        found = ReconstructionDisplay.from_estimator(jae, X, **kwargs).axes_
        return [bool(axes[0, 0].images) for axes in found]

    assert has_images() == [False, True]
    assert has_images(kind="curve") == [False, False]
    assert has_images(kind=["table", "curve"]) == [True, False]
    with pytest.raises(ValueError, match="kind of task 'task0' is 'heat'"):
        ReconstructionDisplay.from_estimator(jae, X, kind="heat")


def test_channels_of_signals_stand_above_each_other():
    X = np.random.default_rng(0).normal(size=(9, 2, 30))
    jae = JointAutoencoder(**SMALL, layout="signal").fit(X)
    (axes,) = ReconstructionDisplay.from_estimator(jae, X, n_samples=1).axes_
    below = axes[0, 0].lines[::2]
    assert [len(line.get_ydata()) for line in below] == [30, 30]
    assert np.mean(below[0].get_ydata()) > np.mean(below[1].get_ydata()) + 3
    # The shape of the curve is that of the channel.
    r = np.corrcoef(below[1].get_ydata(), X[0, 1])[0, 1]
    assert r == pytest.approx(1)


def test_every_form_of_the_samples_gives_the_same_picture():
    X = vectors()
    packed, _ = pack(X)

    def drawn(jae, samples):
        display = ReconstructionDisplay.from_estimator(jae, samples, n_samples=3)
        return [np.array(axes[1, 0].images[0].get_array()) for axes in display.axes_]

    jae = JointAutoencoder(**SMALL).fit(X)
    named = drawn(jae, X)
    for samples in (packed, list(X.values()), {"b": X["b"], "a": X["a"]}):
        assert all(map(np.array_equal, named, drawn(jae, samples)))
    for one in ({"b": X["b"]}, [None, X["b"]]):
        assert all(map(np.array_equal, named[1:], drawn(jae, one)))
    bare = JointAutoencoder(**SMALL).fit(X["a"].tolist())
    expected = bare.reconstruct(X["a"][[0, 8, 16]]) - X["a"].mean(0)
    (found,) = drawn(bare, X["a"].tolist())
    assert np.allclose(found, expected / X["a"].std(0), atol=1e-5)


@pytest.mark.parametrize("sizes", [{"n_private": 0}, {"n_shared": 0}])
def test_one_kind_of_codes_has_one_row(sizes):
    X = vectors()
    jae = JointAutoencoder(**small(**sizes)).fit(X)
    display = ReconstructionDisplay.from_estimator(jae, X)
    assert [len(axes) for axes in display.axes_] == [2, 2]


def test_a_search_is_taken_and_a_pipeline_refused():
    packed, _ = pack(vectors())
    search = GridSearchCV(JointAutoencoder(**SMALL), {"n_shared": [2]}, cv=2)
    search.fit(packed)
    assert len(ReconstructionDisplay.from_estimator(search, packed).axes_) == 2
    pipe = make_pipeline(PerTask("passthrough"), JointAutoencoder(**SMALL)).fit(packed)
    with pytest.raises(TypeError, match=r"pass pipeline\[-1\]"):
        ReconstructionDisplay.from_estimator(pipe, packed)


def test_translations_are_those_of_the_estimator():
    X = images()
    jae = JointAutoencoder(**SMALL).fit(X)
    display = TranslationDisplay.from_estimator(
        jae, X["last"], source="last", target="gray", n_samples=3
    )
    before, after = display.axes_
    assert before.shape == after.shape == (1, 3)
    expected = jae.translate(X["last"][[0, 3, 6]], "last", "gray")
    assert np.array_equal(pixels(after[0]), expected)


def test_paired_samples_of_the_target_are_compared():
    X = [spectra(), 2 * spectra() + 1]
    jae = JointAutoencoder(**SMALL).fit(X)
    display = TranslationDisplay.from_estimator(
        jae, X[0], source=0, target=1, X_target=X[1], n_samples=2
    )
    below, above = display.axes_[1][0, 1].lines
    assert np.allclose(below.get_ydata(), X[1].iloc[6])
    assert np.allclose(above.get_ydata(), jae.translate(X[0].iloc[[6]], 0, 1)[0])
    with pytest.raises(ValueError, match="X_target has 3 samples, expected 12"):
        TranslationDisplay.from_estimator(
            jae, X[0], source=0, target=1, X_target=X[1][:3]
        )
    table = TranslationDisplay.from_estimator(
        jae, X[0], source=0, target=1, X_target=X[1], kind="table"
    )
    assert [len(axes) for axes in table.axes_] == [1, 2]


def test_it_is_drawn_in_the_place_of_the_axes():
    X = vectors()
    jae = JointAutoencoder(**SMALL).fit(X)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5))
    display = ReconstructionDisplay.from_estimator(jae, X, ax=right)
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    edge = left.get_position().x1
    assert all(
        ax.get_position().x0 > edge for axes in display.axes_ for ax in axes.flat
    )
    bare = plt.figure().add_axes((0.2, 0.2, 0.5, 0.5))
    assert display.plot(ax=bare).figure_ is bare.figure
    assert display.plot().figure_ not in (figure, bare.figure)


@pytest.mark.parametrize("display", [ReconstructionDisplay, TranslationDisplay])
def test_other_estimators_are_refused_by_name(display):
    X = vectors()["a"]
    other = PerTask("passthrough").fit(X)
    extra = {"source": 0, "target": 0} if display is TranslationDisplay else {}
    with pytest.raises(TypeError, match="got a PerTask, expected a fitted joint"):
        display.from_estimator(other, X, **extra)
