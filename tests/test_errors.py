"""What cannot be used is refused before any training, in words that say where."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.training import JointNet
from sk_jae.validation import check_tasks

SMALL = {
    "n_shared": 2,
    "n_private": 2,
    "encoder": (4,),
    "max_epochs": 1,
    "device": "cpu",
    "random_state": 0,
}
autoencoder = JointAutoencoder(**SMALL)
classifier = JointTransferClassifier(**SMALL)

rng = np.random.default_rng(0)
MNIST, USPS = rng.uniform(size=(12, 3)), rng.uniform(size=(8, 4))
X = {"mnist": MNIST, "usps": USPS}
Y = np.arange(12) % 3
y = {"mnist": Y}


@pytest.fixture(scope="module")
def fitted():
    return clone(classifier).fit(X, y)


@pytest.fixture
def no_training(monkeypatch):
    def fit_loop(*args, **kwargs):
        pytest.fail("training has started")

    monkeypatch.setattr(JointNet, "fit_loop", fit_loop)


def refusal(call, *args, **kwargs):
    """The text of the error, which is one sentence."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*args, **kwargs)
    text = str(caught.value)
    assert text.endswith((".", "^")), text
    return text


def refusal_of_fit(estimator, *data, **parameters):
    estimator = clone(estimator).set_params(**parameters)
    text = refusal(estimator.fit, *data)
    assert not hasattr(estimator, "net_")
    with pytest.raises(NotFittedError):
        estimator.transform(data[0])
    return text


def assert_has(text, *fragments):
    for fragment in fragments:
        assert fragment in text


# Samples ---------------------------------------------------------------------------


def with_object(value):
    array = USPS.astype(object)
    array[1, 2] = value
    return array


FAULTS = {
    "no samples": (USPS[:0], ["0 samples", "at least 1"]),
    "no features": (USPS[:, :0], ["0 feature(s) (shape=(8, 0))", "minimum of 1"]),
    "one dimension": (USPS[:, 0], ["shape (8,)", "at least 2 dimensions", "Reshape"]),
    "NaN": (np.where(USPS > 0.9, np.nan, USPS), ["holds NaN", "impute"]),
    "infinity": (np.where(USPS > 0.9, -np.inf, USPS), ["holds infinity", "finite"]),
    "too large": (USPS * 1e30, ["e+29", "at most 1.8e+19", "scale"]),
    "masked": (np.ma.masked_greater(USPS, 0.9), ["masked values", "fill"]),
    "complex": (USPS + 1j, ["Complex data not supported", "complex128", "real"]),
    "text": (USPS.astype(str), ["dtype <U", "expected numbers", "OrdinalEncoder"]),
    "text objects": (with_object("7"), ["the text '7'", "expected numbers"]),
    "objects": (with_object({}), ["not 'dict'", "expected numbers"]),
    "none inside": (with_object(None), ["not 'NoneType'", "expected numbers"]),
    "huge integer": (with_object(10**400), ["too large", "expected numbers"]),
    "dates": (USPS.astype("M8[s]"), ["datetime64", "expected numbers"]),
    "sparse": (scipy.sparse.csr_array(USPS), ["sparse", "dense", "toarray()"]),
    "sparse tensor": (torch.tensor(USPS).to_sparse(), ["Sparse"]),
    "none": (None, ["is None", "expected an array of samples"]),
}
faults = pytest.mark.parametrize(
    ("faulty", "fragments"), FAULTS.values(), ids=FAULTS.keys()
)


@faults
@pytest.mark.parametrize("form", ["array", "list", "tuple", "dict", "joint"])
@pytest.mark.usefixtures("no_training")
def test_samples_in_fit(form, faulty, fragments):
    in_form = {
        "array": lambda: faulty,
        "list": lambda: [MNIST, faulty],
        "tuple": lambda: (MNIST, faulty),
        "dict": lambda: {"mnist": MNIST, "usps": faulty},
        "joint": lambda: JointArrays({"mnist": MNIST, "usps": faulty}),
    }
    words = {
        "array": "X",
        "list": "task 'task1' (X[1])",
        "tuple": "task 'task1' (X[1])",
        "dict": "task 'usps'",
        "joint": "task 'usps'",
    }
    if form == "joint":
        try:
            in_form["joint"]()
        except (TypeError, ValueError) as error:
            assert "task 'usps'" in str(error)
            return
        if not len(faulty):
            fragments = ["no sample in this selection", "JointStratifiedKFold"]
    assert_has(refusal_of_fit(autoencoder, in_form[form]()), words[form], *fragments)


@faults
def test_samples_in_prediction(fitted, faulty, fragments):
    if faulty is None:
        assert fitted.predict({"mnist": MNIST, "usps": None})["usps"] is None
        return
    for method in ["transform", "reconstruct", "predict", "predict_proba"]:
        text = refusal(getattr(fitted, method), {"usps": faulty})
        assert_has(text, "task 'usps'", *fragments)
    text = refusal(fitted.score, [None, faulty], [None, np.arange(8) % 3])
    assert_has(text, "task 'usps' (X[1])", *fragments)
    text = refusal(fitted.translate, faulty, "usps", "mnist")
    assert_has(text, "task 'usps'", *fragments)


@pytest.mark.usefixtures("no_training")
def test_classifier_checks_samples_before_labels():
    text = refusal_of_fit(classifier, {**X, "usps": USPS[:, 0]}, {"mnist": "nonsense"})
    assert_has(text, "task 'usps'", "shape (8,)")


@pytest.mark.parametrize("nothing", [[], (), {}])
@pytest.mark.usefixtures("no_training")
def test_no_tasks(nothing):
    assert_has(refusal_of_fit(autoencoder, nothing), "X ", "expected")


@pytest.mark.parametrize("odd", ["text", 3, {1, 2}, object(), iter([1])])
@pytest.mark.usefixtures("no_training")
def test_no_arrays_at_all(odd):
    assert_has(refusal_of_fit(autoencoder, odd), "X has shape ()")


@pytest.mark.usefixtures("no_training")
def test_ragged_lists():
    text = refusal_of_fit(autoencoder, [[1.0, 2.0], [3.0]])
    assert_has(text, "X cannot become a numpy array")


@pytest.mark.usefixtures("no_training")
def test_task_names_are_text():
    assert_has(refusal_of_fit(autoencoder, {1: MNIST}), "X has the key 1", "str")


@pytest.mark.usefixtures("no_training")
def test_ambiguous_channels():
    images = {"mnist": np.zeros((4, 8, 8)), "usps": np.zeros((4, 3, 8, 3))}
    text = refusal_of_fit(autoencoder, images)
    assert_has(
        text, "task 'usps'", "(4, 3, 8, 3)", "both", "channels='first'", "='last'"
    )
    images["usps"] = np.zeros((4, 5, 8, 5))
    assert_has(refusal_of_fit(autoencoder, images), "task 'usps'", "neither", "1, 3 or")


# The form of the input -------------------------------------------------------------


@pytest.mark.parametrize("one", [[MNIST], (MNIST,), [pd.DataFrame(MNIST)], [None]])
@pytest.mark.usefixtures("no_training")
def test_list_of_one_array(one):
    assert_has(refusal_of_fit(autoencoder, one), "X is a", "pack(X, y)", "its array")


@pytest.mark.usefixtures("no_training")
def test_search_over_a_plain_list():
    search = GridSearchCV(autoencoder, {"lr": [0.1]}, cv=2)
    text = refusal(lambda: search.set_params(error_score="raise").fit([MNIST, USPS]))
    assert_has(text, "list of one array", "pack(X, y)")
    with pytest.raises(ValueError, match=r"pack\(X, y\)"):
        GridSearchCV(classifier, {"lr": [0.1]}, cv=2).fit([MNIST, USPS], [Y, Y[:8]])


@pytest.mark.usefixtures("no_training")
def test_fold_without_a_task():
    container, labels = pack(X, y)
    fold = np.flatnonzero(container.task == 0)
    text = refusal_of_fit(classifier, container[fold], labels[fold])
    assert_has(text, "task 'usps'", "no sample in this selection")
    assert_has(text, "sk_jae.model_selection.JointStratifiedKFold")


@pytest.mark.usefixtures("no_training")
def test_fold_without_a_task_in_cross_validation():
    container, _ = pack(X, y)
    folds = [(np.flatnonzero(container.task == t) for t in (0, 1))]
    with pytest.raises(ValueError, match="JointStratifiedKFold"):
        cross_validate(autoencoder, container, cv=[tuple(*folds)], error_score="raise")


def test_number_of_tasks_is_that_of_fit(fitted):
    text = refusal(fitted.predict, [MNIST, USPS, USPS])
    assert_has(text, "X has 3 tasks", "fitted on 2 tasks, 'mnist', 'usps'", "None")
    text = refusal(fitted.predict, JointArrays([MNIST, USPS, USPS]))
    assert_has(text, "X has 3 tasks", "fitted on 2 tasks")
    text = refusal(fitted.predict, [MNIST])
    assert_has(text, "list of one array")


@pytest.mark.parametrize("form", [dict, JointArrays])
def test_unknown_task(fitted, form):
    text = refusal(fitted.predict, form({"mnist": MNIST, "pen": USPS}))
    assert_has(text, "X has the unknown task 'pen'", "'mnist', 'usps'")


def test_shapes_are_those_of_fit(fitted):
    text = refusal(fitted.predict, [USPS, MNIST])
    assert_has(text, "task 'mnist' (X[0])", "(4,)", "expected (3,) as in fit")
    text = refusal(fitted.predict, {"usps": np.zeros((2, 2, 2))})
    assert_has(text, "task 'usps'", "(2, 2)", "expected (4,) as in fit")


@pytest.mark.parametrize("array", [MNIST, MNIST.tolist(), pd.DataFrame(MNIST)])
def test_bare_array_for_several_tasks(fitted, array):
    text = refusal(fitted.predict, array)
    assert_has(text, "X is one array", "fitted on 2 tasks", "list or dict")


def test_bare_array_has_the_features_of_fit():
    alone = clone(classifier).fit(MNIST, Y)
    assert_has(refusal(alone.predict, USPS), "X has 4 features", "expecting 3")
    text = refusal(alone.predict, MNIST[0])
    assert_has(text, "X has shape (3,)", "at least 2 dimensions", "Reshape your data")
    assert_has(refusal(alone.predict, None), "X is None")


@pytest.mark.parametrize("nothing", [[None, None], {}, {"usps": None}])
def test_no_task_to_predict(fitted, nothing):
    assert_has(refusal(fitted.predict, nothing), "X has no sample of any task")


def test_empty_selection_to_predict(fitted):
    container, _ = pack(X)
    assert_has(refusal(fitted.predict, container[:0]), "X has no sample of any task")


def test_columns_are_those_of_fit():
    frames = [pd.DataFrame(MNIST, columns=list("abc")), pd.DataFrame(USPS)]
    several = clone(autoencoder).fit(frames)
    text = refusal(several.transform, [frames[0][["b", "a", "c"]], None])
    assert_has(text, "task 'task0' (X[0])", "features b, a, c", "expected a, b, c")
    several.transform([MNIST, USPS])  # names are compared where there are any
    alone = clone(autoencoder).fit(frames[0])
    with pytest.raises(ValueError, match="feature names should match"):
        alone.transform(frames[0][["b", "a", "c"]])


# Labels ----------------------------------------------------------------------------

LABEL_FAULTS = {
    "longer": (Y[:-1], ["11 labels", "expected 12", "-1"]),
    "continuous": (Y + 0.5, ["continuous", "classes"]),
    "infinite": (np.where(Y, np.inf, 1), ["infinity", "classes"]),
    "NaN": (np.where(Y, np.nan, 1), ["NaN", "-1"]),
    "two columns": (np.stack([Y, Y], 1), ["shape (12, 2)", "1 dimension"]),
    "scalar": (1, ["shape ()", "1 dimension"]),
    "one text": ("nonsense", ["shape ()", "1 dimension"]),
    "complex": (Y + 1j, ["complex128", "integers or text"]),
    "dates": (Y.astype("M8[s]"), ["datetime64", "integers or text"]),
    "mixed": (["a", 1] * 6, ["object", "integers or text"]),
    "none inside": (["a", None] * 6, ["object", "-1"]),
    "text mark": (["a", "-1"] * 6, ["text", "-1", "LabelEncoder"]),
    "large": ([1, 2**70] * 6, ["64 bits", "LabelEncoder"]),
    "unsigned": (np.array([1, 2**63] * 6, np.uint64), ["64 bits"]),
    "ragged": ([[1], [1, 2]] * 6, ["cannot become a numpy array"]),
}
label_faults = pytest.mark.parametrize(
    ("faulty", "fragments"), LABEL_FAULTS.values(), ids=LABEL_FAULTS.keys()
)


@label_faults
@pytest.mark.usefixtures("no_training")
def test_labels_in_fit(faulty, fragments):
    for labels in ({"mnist": faulty}, [faulty, None]):
        text = refusal_of_fit(classifier, X, labels)
        assert_has(text, "y of task 'mnist'", *fragments)
    text = refusal_of_fit(classifier, MNIST, faulty)
    assert_has(text, "y ", *fragments)
    assert "task '" not in text


@label_faults
def test_labels_in_score(fitted, faulty, fragments):
    text = refusal(fitted.score, X, {"mnist": faulty})
    assert_has(text, "y of task 'mnist'", *fragments)


@pytest.mark.parametrize(
    "unlabeled",
    [[None, None], {}, {"mnist": np.full(12, -1)}, [np.full(12, -1.0), [-1] * 8]],
)
def test_no_labeled_sample(fitted, no_training, unlabeled):
    text = refusal_of_fit(classifier, X, unlabeled)
    assert_has(text, "no labeled sample in any task", "-1", "JointAutoencoder")
    text = refusal(fitted.score, X, unlabeled)
    assert_has(text, "no labeled sample in any task", "JointStratifiedKFold")


def test_no_labels(fitted, no_training):
    text = refusal_of_fit(classifier, X, None)
    assert_has(text, "requires y to be passed", "at least one task")
    assert_has(refusal(fitted.score, X, None), "y is None", "sk_jae.metrics")


@pytest.mark.parametrize(
    ("labels", "only"),
    [
        ({"mnist": np.zeros(12, int)}, "0"),
        ([np.where(Y, -1, 5), np.full(8, 5)], "5"),
        ({"usps": np.full(8, "cat")}, "'cat'"),
    ],
)
@pytest.mark.usefixtures("no_training")
def test_one_class(labels, only):
    text = refusal_of_fit(classifier, X, labels)
    assert_has(text, f"only one class, {only},", "all tasks", "at least two")


@pytest.mark.usefixtures("no_training")
def test_text_in_one_task_and_numbers_in_another():
    text = refusal_of_fit(classifier, X, [Y, np.full(8, "cat")])
    assert_has(text, "task 'mnist' holds numbers", "task 'usps' holds text", "same")


def test_text_in_score_and_numbers_in_fit(fitted):
    text = refusal(fitted.score, X, {"mnist": Y.astype(str)})
    assert_has(text, "task 'mnist' holds text", "expected numbers as in fit")


@pytest.mark.parametrize(
    ("labels", "fragments"),
    [
        ([Y], ["y has 1 items", "2 tasks"]),
        ([Y, None, None], ["y has 3 items", "2 tasks"]),
        (Y, ["y is ndarray", "2 tasks"]),
        ("nonsense", ["y is str", "2 tasks"]),
        ({"pen": Y}, ["y has an unknown task 'pen'", "'mnist', 'usps'"]),
    ],
)
def test_form_of_labels(fitted, no_training, labels, fragments):
    assert_has(refusal_of_fit(classifier, X, labels), *fragments)
    assert_has(refusal(fitted.score, X, labels), *fragments)


@pytest.mark.usefixtures("no_training")
def test_form_of_labels_of_one_array():
    assert_has(refusal_of_fit(classifier, MNIST, {"a": Y}), "y is a dict", "one array")


@pytest.mark.parametrize("labels", [[Y, None], {"mnist": Y}])
def test_labels_per_task_for_a_container(fitted, no_training, labels):
    container, _ = pack(X)
    text = refusal_of_fit(classifier, container, labels)
    assert_has(text, "one item per task", "JointArrays", "X, y = pack(X, y)")
    assert_has(refusal(fitted.score, container, labels), "X, y = pack(X, y)")


@pytest.mark.usefixtures("no_training")
def test_number_of_labels_of_a_container():
    container, labels = pack(X, y)
    text = refusal_of_fit(classifier, container, labels[:-1])
    assert_has(text, "y has 19 labels, expected 20", "pack(X, y)")


# Parameters ------------------------------------------------------------------------

PARAMETERS = [
    ({"n_shared": 0, "n_private": 0}, ["n_shared and n_private are both 0"]),
    ({"n_shared": -1}, ["'n_shared'", "-1"]),
    ({"shared_depth": 3}, ["shared_depth=3 is out of range", "1 to 2", "-1 to -2"]),
    ({"shared_depth": -3}, ["shared_depth=-3 is out of range", "1 to 2"]),
    ({"shared_depth": 0}, ["shared_depth=0 is out of range"]),
    (
        {"shared_depth": 1},
        ["shared_depth=1", "'mnist'", "(4, 3)", "'usps'", "(4, 4)", "that works is 2"],
    ),
    ({"n_shared_layers": 3}, ["n_shared_layers=3 is out of range", "1 to 2"]),
    ({"n_shared_layers": 2, "shared_depth": -1}, ["beyond the bottleneck"]),
    ({"reconstruction_weight": -1}, ["task 'mnist' is -1", "at least 0"]),
    ({"reconstruction_weight": [1, -0.5]}, ["task 'usps' is -0.5", "at least 0"]),
    ({"reconstruction_weight": [1, np.nan]}, ["task 'usps' is nan", "finite"]),
    ({"reconstruction_weight": [1, True]}, ["task 'usps' is True", "number"]),
    ({"reconstruction_weight": [1, "2"]}, ["task 'usps' is '2'", "number"]),
    ({"reconstruction_weight": [1, 1, 1]}, ["3 values", "2 tasks", "'usps'"]),
    ({"reconstruction_weight": {"mnist": 1}}, ["no value for task 'usps'"]),
    (
        {"reconstruction_weight": {"mnist": 1, "usps": 1, "pen": 1}},
        ["unknown task 'pen'", "'mnist', 'usps'"],
    ),
    ({"reconstruction_weight": "high"}, ["reconstruction_weight is 'high'", "task"]),
    ({"reconstruction_weight": 0}, ["All loss weights are 0", "positive"]),
    ({"device": "cuda:99"}, ["'cuda:99' is not available", "'auto', 'cpu'"]),
    ({"device": "gpu"}, ["'gpu' is not available", "'auto', 'cpu'"]),
    ({"encoder": "Conf 3"}, ["task 'mnist'", "position 0", "Conv", "found 'Conf'"]),
    ({"encoder": {"mnist": (4,), "usps": "FC"}}, ["task 'usps'", "position 2"]),
    ({"encoder": ["FC 4", "Conv 2x(3x3)"]}, ["task 'usps'", "needs an image"]),
    ({"encoder": ["FC 4"]}, ["encoder has 1 values", "2 tasks"]),
    ({"encoder": {"pen": "FC 4"}}, ["encoder has the unknown task 'pen'"]),
    ({"encoder": (0,)}, ["task 'mnist'", "positive integer"]),
    ({"encoder": (2.5,)}, ["task 'mnist'", "tuple of widths"]),
    ({"decoder": "FC x"}, ["task 'mnist'", "position 3"]),
    ({"shared_input": (1, 8, 8)}, ["shared_input=(1, 8, 8)", "'mnist'", "None"]),
    ({"shared_input": (8, 8)}, ["shared_input", "(channels, height, width)"]),
    ({"channels": "middle"}, ["'channels'", "'first'", "'last'"]),
    ({"loss": "mae"}, ["'loss'", "'mse'"]),
    ({"lr": 0}, ["'lr'"]),
    ({"precision": "float16"}, ["'precision'", "'bfloat16'"]),
    (
        {"early_stopping": True, "validation_fraction": 0.99},
        ["task 'mnist'", "too few", "early_stopping=False"],
    ),
]


@pytest.mark.parametrize(("parameters", "fragments"), PARAMETERS)
@pytest.mark.usefixtures("no_training")
def test_parameters(parameters, fragments):
    assert_has(refusal_of_fit(autoencoder, X, **parameters), *fragments)


@pytest.mark.parametrize(
    ("parameters", "fragments"),
    [
        ({"classification_weight": [1, -1]}, ["classification_weight", "'usps' is -1"]),
        ({"infomax_weight": {"usps": -1}}, ["infomax_weight", "'mnist'"]),
        ({"consistency_weight": [1]}, ["consistency_weight has 1 values", "2 tasks"]),
        ({"n_shared": 0}, ["n_shared=0", "task 'usps'", "labels"]),
        ({"head": "shared", "strategy": "common-branch"}, ["'common-branch'", "head"]),
        ({"head": "private"}, ["'head'", "'both'"]),
        ({"strategy": "none"}, ["'strategy'", "'end-to-end'"]),
    ],
)
@pytest.mark.usefixtures("no_training")
def test_parameters_of_the_classifier(parameters, fragments):
    assert_has(refusal_of_fit(classifier, X, y, **parameters), *fragments)


# Arguments of methods --------------------------------------------------------------


@pytest.mark.parametrize("task", ["pen", 2, -1, None, True, ["mnist"], MNIST])
@pytest.mark.parametrize("argument", ["source", "target"])
def test_translate_unknown_task(fitted, argument, task):
    arguments = {"source": "mnist", "target": "usps", argument: task}
    text = refusal(fitted.translate, MNIST, **arguments)
    assert_has(text, f"{argument}=", "unknown task", "'mnist', 'usps'", "from 0 to 1")


def test_translate_without_a_shared_code():
    apart = clone(autoencoder).set_params(n_shared=0).fit(X)
    assert_has(refusal(apart.translate, MNIST, 0, 1), "n_shared is 0", "at least 1")
    text = refusal(apart.reconstruct, X, using="shared")
    assert_has(text, "using='shared'", "n_shared is 0")


def test_reconstruct_with_an_unknown_branch(fitted):
    assert_has(refusal(fitted.reconstruct, X, using="none"), "using", "'none'")


@pytest.mark.parametrize(
    ("codes", "fragments"),
    [
        ([np.zeros((3, 4)), np.zeros((3, 5))], ["task 'usps' (Z[1])", "(3, 5)", ", 4)"]),
        ({"usps": np.zeros(4)}, ["task 'usps'", "(4,)", "(n_samples, 4)"]),
        ({"usps": np.full((2, 4), np.nan)}, ["task 'usps'", "NaN"]),
        ({"usps": np.full((2, 4), "a")}, ["task 'usps'", "expected numbers"]),
        ({"pen": np.zeros((3, 4))}, ["Z has the unknown task 'pen'", "'usps'"]),
        ([np.zeros((3, 4))] * 3, ["Z has 3 tasks", "2 tasks"]),
        (np.zeros((3, 4)), ["Z is one array", "2 tasks"]),
        (JointArrays(X), ["JointArrays", "X.split(Z)"]),
    ],
)
def test_codes(fitted, codes, fragments):
    assert_has(refusal(fitted.inverse_transform, codes), *fragments)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("transform", [X]),
        ("inverse_transform", [X]),
        ("reconstruct", [X]),
        ("translate", [MNIST, 0, 1]),
        ("score", [X, y]),
        ("get_feature_names_out", []),
        ("predict", [X]),
        ("predict_proba", [X]),
        ("decision_function", [X]),
    ],
)
def test_not_fitted(method, arguments):
    for estimator in (autoencoder, classifier):
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError, match="not fitted yet"):
                getattr(clone(estimator), method)(*arguments)


# Training --------------------------------------------------------------------------


def test_infinite_loss_stops_training():
    estimator = clone(autoencoder).set_params(lr=1e30, max_epochs=30, optimizer="sgd")
    text = refusal(estimator.fit, X)
    assert_has(text, "in epoch", "smaller lr than 1e+30")
    with pytest.raises(NotFittedError):
        estimator.transform(X)


def nan_in_third_epoch():
    calls = []

    def loss(reconstruction, target):
        calls.append(None)
        value = (reconstruction - target).square()
        return value * torch.nan if len(calls) > 4 else value

    return loss


def test_loss_that_becomes_nan_names_the_epoch():
    estimator = clone(autoencoder).set_params(loss=nan_in_third_epoch(), max_epochs=9)
    assert_has(refusal(estimator.fit, X), "nan in epoch 3", "smaller lr")


# Memory ----------------------------------------------------------------------------


@pytest.fixture
def large_map(tmp_path):
    array = np.memmap(tmp_path / "x", np.float32, "w+", shape=(2000, 50, 50))
    array[:] = 1
    return array


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_map_is_checked_without_a_copy(large_map):
    peak = peak_of(
        lambda: check_tasks([large_map, USPS], estimator=autoencoder, reset=True)
    )
    assert peak < large_map.nbytes / 20


def test_memory_map_is_trained_on_and_predicted_without_a_copy(large_map):
    # Torch's own memory is not traced: this is about numpy's.
    estimator = clone(autoencoder).set_params(encoder="FC 4", batch_size=32)
    assert peak_of(lambda: estimator.fit([large_map, USPS])) < large_map.nbytes / 4
    predict = lambda: estimator.transform([large_map, None])  # noqa: E731
    assert peak_of(predict) < large_map.nbytes / 4


def test_nan_in_a_memory_map(large_map):
    large_map[-1, -1, -1] = np.nan
    text = refusal_of_fit(autoencoder, [USPS, large_map])
    assert_has(text, "task 'task1' (X[1])", "NaN")


@pytest.mark.parametrize("n_splits", [2, 3])
def test_plain_folds_of_a_container_train(n_splits):
    container, _ = pack(X)
    scores = cross_validate(
        autoencoder, container, cv=KFold(n_splits), error_score="raise"
    )
    assert np.isfinite(scores["test_score"]).all()
