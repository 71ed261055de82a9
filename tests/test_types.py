"""What a type checker says of users' scripts: it finds mistakes, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sk_jae

pytest.importorskip("mypy")
pytestmark = pytest.mark.extra

# Each comment has the code of the error that mypy must find in its line.
MISTAKES = """\
import numpy as np
import sk_jae
from sk_jae import JointAutoencoder, JointTransferClassifier, pack, paper
from sk_jae.metrics import EntropyScorer
A, B, y = np.zeros((9, 4)), np.zeros((9, 3)), np.arange(9) % 3
JointAutoencoder(n_shared="many")  # arg-type
JointAutoencoder(n_shred=3)  # call-arg
JointAutoencoder(32)  # call-arg
clf = JointTransferClassifier(strategy="comon-branch")  # arg-type
JointTransferClassifier(layout="last-but-one")  # arg-type
JointTransferClassifier(reconstruction_weight="high")  # arg-type
sk_jae.JointAutoencodr()  # attr-defined
sk_jae.metrics.EntropyScorr()  # attr-defined
clf.predcit([A, B])  # attr-defined
clf.fit([A, B], [y, None]).predcit([A, B])  # attr-defined
clf.set_params(lr=0.1).fit(A, y).transfrom(A)  # attr-defined
clf.predict([A, B]).shape  # attr-defined
clf.predict_proba({"a": A, "b": B}).shape  # attr-defined
clf.predict_proba({"a": A, "b": B})[0]  # index
clf.reconstruct([A, B], codes="common")  # call-overload
JointAutoencoder().fit_transform([A, B]).shape  # attr-defined
JointAutoencoder().predict(A)  # attr-defined
X, _ = pack([A, B], [y, None])
X.arays  # attr-defined
clf.reconstruct(X).shape.bit_length()  # attr-defined
EntropyScorer()(JointAutoencoder(), [A, B])  # arg-type
paper.figure(2).predict(A)  # attr-defined
clf.module_.clasify(0, None)  # operator
"""

RIGHT = """\
import numpy as np
import pandas as pd
import polars as pl
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk_jae
from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.architecture import FC, Conv
from sk_jae.datasets import keep_labels, load_digits_pair, load_mnist
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.metrics import LabeledScorer, transfer_report
from sk_jae.model_selection import JointStratifiedKFold, task_train_test_split
from sk_jae.preprocessing import PerTask

A, B, y = np.zeros((9, 4)), np.zeros((9, 3)), np.arange(9) % 3
clf = JointTransferClassifier(n_shared=3, encoder="FC 9", lr=1, random_state=0)
clf = clf.fit([A, B], [y, None])
clf.predict([A, B])[1].shape
clf.predict([None, B])[1].mean()
clf.predict((A, B))[0] + 1
clf.fit({"a": A, "b": B}, {"a": y}).predict({"b": B})["b"].shape
clf.fit([A, B], [[0, 1, 2] * 3, ["cat", "dog", -1] * 3]).classes_.tolist()
clf.fit(A, y).predict(A).shape
clf.fit(A.tolist(), y.tolist()).predict([[0.0, 1.0, 2.0, 3.0]]).shape
clf.predict_proba(A).max(axis=1)
clf.decision_function(torch.zeros(9, 4)).shape
clf.fit([pd.DataFrame(A), pl.DataFrame(B)], [y, None]).transform([A, B])[0].shape
clf.set_output(transform="pandas").transform(A).columns
clf.feature_shapes_in_["a"][0]
clf.loss_curve_[-1] + clf.history_[-1]["train_loss"]
clf.module_.to("cpu").eval()
clf.task_names_[0].upper()

X, labels = pack([A, B], [y, None])
labels[X.task == 0].shape
clf.fit(X, labels).score(X, labels) + 1.0
clf.set_score_request(sample_weight=True).score([A, B], [y, None], [y, None]) + 1.0
jae = JointAutoencoder().fit(A)
jae.score(A, sample_weight=y) + 1.0
X.split(clf.predict(X))[0].shape
X.join([y, y]).shape
clf.reconstruct(X).arrays[0].shape
clf.reconstruct([A, B], codes="shared")[0].shape
clf.reconstruct(A).astype(np.float64)
X[:3].n_tasks + len(X[[0, 2]]) + len(X[X.task == 0])
pack(A, y)[1].shape
JointArrays({"a": A, "b": torch.zeros(3, 2)}).task_names

search = GridSearchCV(clf, {"lr": [0.1, 1]}, cv=JointStratifiedKFold(3))
search.fit(X, labels).best_estimator_.predict([A, B])[0].shape
cross_val_score(clf, X, labels, scoring=LabeledScorer("f1_macro", task="a")).mean()
pipeline = make_pipeline(PerTask(StandardScaler()), clf).fit([A, B], [y, None])
pipeline.predict([A, B])[1].shape
transfer_report(pipeline, [A, B], [y, None])["task1"]["confidence"] > 0.5
transfer_report(clf, {"a": A}, {"a": y})["a"]
LabeledScorer()(search, X, labels) + LabeledScorer(task=0)(clf, X, labels)

jae = JointAutoencoder(
    encoder=[(32, 16), "FC 32"],
    decoder={"a": "mirror", "b": (16,)},
    reconstruction_weight=[1, 2.5],
    reconstruction_loss=lambda x, target: (x - target).abs(),
    optimizer=torch.optim.RMSprop,
    augmentation=lambda x: x + 1,
    shared_input=(1, 8, 8),
    max_epochs=3,
    callbacks=[],
    random_state=np.random.RandomState(0),
)
JointAutoencoder(encoder=lambda shape: [torch.nn.Linear(shape[0], 3), torch.nn.ReLU()])
JointAutoencoder(encoder=(Conv(8, (3, 3)), FC(9)), decoder=["mirror", "FC 9"])
codes = jae.fit_transform([A, B])
jae.inverse_transform(codes)[0].shape
jae.inverse_transform(jae.fit_transform(A)).shape
jae.translate(A, "a", "b").shape
jae.get_feature_names_out().tolist()
jae.set_params(lr=0.1).fit(A).get_params()["lr"]

PerTask({"a": StandardScaler(), "b": "passthrough"}).fit_transform({"a": A})["a"].shape
PerTask(StandardScaler()).fit(X).transform(X).task_names
PerTask([StandardScaler(), StandardScaler()]).set_output(transform="polars").fit([A, B])
train, test, y_train, y_test = task_train_test_split([A, B], [y, None], random_state=0)
clf.fit(train, y_train)

digits = load_digits_pair()
clf.fit(digits.data, digits.target).predict(digits.data)
images, digit = load_digits_pair(return_X_y=True)
clf.predict(images)["pen"].shape
keep_labels(digit["pen"], 5).shape
load_mnist(subset="test", return_X_y=True)[0].reshape(-1)
sk_jae.paper.figure(7, reconstruction_weight=2.0).fit(images, digit).predict(images)
sk_jae.paper.three_way().classes_
sk_jae.nn.JointModule
sk_jae.architecture.parse("FC 3")[0]
issubclass(TrainingInterrupted, UserWarning)
"""


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    """What mypy says: for each script, the code of the error of a line."""
    folder = tmp_path_factory.mktemp("scripts")
    scripts = {"mistakes": MISTAKES, "right": RIGHT}
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    root = Path(sk_jae.__file__).parent.parent
    environment = dict(os.environ)
    if root.name != "site-packages":
        environment["MYPYPATH"] = str(root)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *("--follow-imports=silent", "--ignore-missing-imports"),
            *("--cache-dir", str(folder / "cache"), "--no-error-summary"),
            *(f"{name}.py" for name in scripts),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    found = {name: {} for name in scripts}
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(\w+)\.py:(\d+): error: (.*)  \[([\w-]+)\]", line)
        if match:
            name, number, message, code = match.groups()
            found[name].setdefault(int(number), (code, message))
        else:
            assert ": note: " in line, line
    return found


def test_mistakes_are_found(errors):
    expected = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(MISTAKES.splitlines(), start=1)
        if "  # " in line
    }
    found = {number: code for number, (code, _) in errors["mistakes"].items()}
    assert found == expected


def test_right_use_raises_no_alarm(errors):
    lines = RIGHT.splitlines()
    assert {lines[n - 1]: why for n, (_, why) in errors["right"].items()} == {}
