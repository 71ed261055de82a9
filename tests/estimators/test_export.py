"""Exported programs of torch give what the estimator gives, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
)
from sk_jae.exceptions import NotSavableError
from tests.helpers.exported import (
    COMPLETE,
    KINDS,
    assert_programs_agree,
    expected,
    fitted,
    run_torch,
)
from tests.helpers.small import small

# Outputs of uint8 are rounded, so that those in the middle may go either way.
TIES = 0.002


def outputs_of(est):
    """Every `what` for the first task, and for the second one those of another kind."""
    words = ["predict", "predict_proba", "transform", "reconstruct"]
    own = [(0, word) for word in words if hasattr(est, word)]
    if est.n_tasks_ > 1:
        own += [(1, "reconstruct"), (1, "translate:task0")]
    return own


@pytest.mark.parametrize("kind", [*KINDS, *COMPLETE])
def test_programs_equal_the_estimator(kind, tmp_path):
    est, X = fitted(kind)
    for t, what in outputs_of(est):
        est.export(t, tmp_path / "program.pt2", what)
        run, facts = run_torch(tmp_path / "program.pt2")
        assert_programs_agree(est, X, t, what, run, TIES)
        assert facts["classes"] == est.classes_.tolist()
        assert facts["task"] == f"task{t}"
        assert facts["input"]["dtype"] == str(np.asarray(X[t]).dtype)
        assert facts["input"]["columns"] == (list(getattr(X[t], "columns", [])) or None)


@pytest.mark.parametrize("which", [JointAutoencoder, JointTransferRegressor])
def test_of_the_other_estimators(which, tmp_path):
    est, X = fitted("vectors", which)
    for what in ("transform", "translate:task1", "predict"):
        if hasattr(est, what) or ":" in what:
            est.export(0, tmp_path / "program.pt2", what)
            run, facts = run_torch(tmp_path / "program.pt2")
            assert_programs_agree(est, X, 0, what, run)
            assert facts["classes"] is None
            assert facts["estimator"] == which.__name__


def test_the_class_is_an_index_into_the_classes_of_the_metadata(tmp_path):
    est, X = fitted("vectors")
    est.export("task0", tmp_path / "program.pt2", "predict")
    run, facts = run_torch(tmp_path / "program.pt2")
    names = np.array(facts["classes"])[run(X[0])]
    np.testing.assert_array_equal(names, est.predict([X[0], None])[0])


def test_another_dtype_of_the_input(tmp_path):
    est, X = fitted("gray and color")
    est.export(0, tmp_path / "program.pt2", "transform", dtype="float32")
    run, facts = run_torch(tmp_path / "program.pt2")
    assert facts["input"]["dtype"] == "float32"
    wanted = expected(est, X, 0, "transform")
    np.testing.assert_allclose(run(X[0].astype(np.float32)), wanted, atol=1e-5)


def test_a_loaded_estimator_gives_the_same_program(tmp_path):
    import sk_jae

    est, X = fitted("vectors")
    est.save(tmp_path / "model.jae")
    sk_jae.load(tmp_path / "model.jae").export(0, tmp_path / "a.pt2", "reconstruct")
    run, _ = run_torch(tmp_path / "a.pt2")
    assert_programs_agree(est, X, 0, "reconstruct", run)


def test_long_signals_keep_their_spectra(tmp_path, monkeypatch):
    from sk_jae.nn import portable

    monkeypatch.setattr(portable, "_MOST_VALUES", 1000)
    est, X = fitted("signals")
    if torch.__version__.startswith("2.6."):  # traces no spectra
        with pytest.raises(NotSavableError, match=r"torch 2\.6.*fft"):
            est.export(0, tmp_path / "program.pt2", "transform")
        return
    est.export(0, tmp_path / "program.pt2", "transform")
    run, _ = run_torch(tmp_path / "program.pt2")
    assert_programs_agree(est, X, 0, "transform", run)


def test_export_changes_nothing(tmp_path):
    est, _ = fitted("gray and color")
    before = {k: v.clone() for k, v in est.module_.state_dict().items()}
    state = torch.random.get_rng_state()
    est.export(0, tmp_path / "program.pt2", "predict")
    assert torch.equal(state, torch.random.get_rng_state())
    assert not est.module_.training
    assert all(torch.equal(v, before[k]) for k, v in est.module_.state_dict().items())


def test_the_module_itself_has_a_dynamic_batch():
    est, _ = fitted("gray and color")
    inputs = [torch.rand(4, 1, 9, 8), torch.rand(3, 3, 12, 10)]
    sizes = [{0: torch.export.Dim.DYNAMIC}, {0: torch.export.Dim.DYNAMIC}]
    exported = torch.export.export(
        est.module_, (inputs,), dynamic_shapes=(sizes,), strict=False
    )
    inputs = [torch.rand(9, 1, 9, 8), torch.rand(5, 3, 12, 10)]
    with torch.no_grad():
        found, wanted = exported.module()(inputs), est.module_(inputs)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.reconstruction, other.reconstruction)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0, "p", "predict"), "JointAutoencoder has no output what='predict'"),
            ((0, "p", "translate"), "expected one of 'transform', 'reconstruct' or"),
            ((0, "p", 3), "no output what=3"),
            ((0, "p", "translate:owl"), "'owl'"),
            ((5, "p"), "task"),
            (("owl", "p"), "'owl'"),
            ((0, "p", "transform", "tflite"), "format must be 'torch' or 'onnx'"),
        ],
    )
    def test_what_is_not_there(self, arguments, message, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        est, _ = fitted("vectors", JointAutoencoder)
        with pytest.raises(ValueError, match=message):
            est.export(*arguments)
        assert not list(tmp_path.iterdir())

    def test_probabilities_of_a_regressor(self, tmp_path):
        est, _ = fitted("vectors", JointTransferRegressor)
        with pytest.raises(ValueError, match="JointTransferRegressor has no output"):
            est.export(0, tmp_path / "p", "predict_proba")

    def test_translation_without_shared_codes(self, tmp_path):
        X = [np.eye(9, 4), np.eye(9, 3)]
        est = JointAutoencoder(**small(n_shared=0)).fit(X)
        with pytest.raises(ValueError, match="n_shared is 0"):
            est.export(0, tmp_path / "p", "translate:task1")

    def test_a_dtype_that_no_program_has(self, tmp_path):
        est, _ = fitted("vectors")
        with pytest.raises(ValueError, match="dtype is 'complex64', expected None"):
            est.export(0, tmp_path / "p", dtype="complex64")

    def test_before_fit(self, tmp_path):
        with pytest.raises(NotFittedError):
            JointTransferClassifier().export(0, tmp_path / "p")

    def test_a_folder_that_is_not_there(self, tmp_path):
        est, _ = fitted("vectors")
        with pytest.raises(FileNotFoundError):
            est.export(0, tmp_path / "no" / "p")

    def test_missing_packages_are_named(self, tmp_path, monkeypatch):
        from sk_jae.estimators import _export_files

        monkeypatch.setattr(_export_files, "_OF_ONNX", ("onnx_is_not_there",))
        est, _ = fitted("vectors")
        with pytest.raises(ImportError, match=r"onnx_is_not_there.*sk_jae\[onnx\]"):
            est.export(0, tmp_path / "p", format="onnx")

    def test_a_module_that_cannot_be_traced(self, tmp_path):
        class Choosing(nn.Linear):
            def forward(self, x):
                return super().forward(x if float(x.sum()) > 1e9 else -x)

        est = JointAutoencoder(**small(encoder=Choosing(4, 3)))
        est.fit([np.eye(9, 4), np.eye(8, 4)])
        (tmp_path / "p").write_text("earlier")
        with pytest.raises(NotSavableError, match=r"'transform' of task 'task0'"):
            est.export(0, tmp_path / "p")
        assert (tmp_path / "p").read_text() == "earlier"
