"""Exported programs in ONNX, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import pytest

from sk_jae import JointAutoencoder, JointTransferRegressor
from sk_jae.exceptions import NotSavableError
from tests.estimators.test_export import TIES, outputs_of
from tests.helpers.exported import (
    COMPLETE,
    KINDS,
    assert_programs_agree,
    fitted,
    run_onnx,
)
from tests.test_readme import run_blocks

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytestmark = pytest.mark.extra


def few_outputs_of(kind, est):
    """All that `test_export` looks at for one kind, and two of them for the others."""
    if kind == "gray and color":
        return outputs_of(est)
    return [(0, "predict_proba"), (est.n_tasks_ - 1, "reconstruct")]


@pytest.mark.parametrize("kind", [*KINDS, *COMPLETE])
def test_programs_equal_the_estimator(kind, tmp_path):
    est, X = fitted(kind)
    path = tmp_path / "program.onnx"
    for t, what in few_outputs_of(kind, est):
        est.export(t, path, what, "onnx")
        run, facts = run_onnx(path)
        assert_programs_agree(est, X, t, what, run, TIES)
        assert facts["classes"] == est.classes_.tolist()


@pytest.mark.parametrize("which", [JointAutoencoder, JointTransferRegressor])
def test_of_the_other_estimators(which, tmp_path):
    est, X = fitted("vectors", which)
    path = tmp_path / "program.onnx"
    for what in ("transform", "predict"):
        if hasattr(est, what):
            est.export(1, path, what, "onnx")
            assert_programs_agree(est, X, 1, what, run_onnx(path)[0])


def test_the_file_is_a_valid_model_with_a_named_batch(tmp_path):
    est, _ = fitted("gray and color")
    path = tmp_path / "program.onnx"
    est.export(0, path, "predict_proba", "onnx")
    onnx.checker.check_model(str(path), full_check=True)
    graph = onnx.load(str(path)).graph
    for value in (*graph.input, *graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "n"
    assert not any(node.domain for node in graph.node)


def test_signals_that_are_too_long_are_refused_by_name(tmp_path, monkeypatch):
    from sk_jae.nn import portable

    monkeypatch.setattr(portable, "_MOST_VALUES", 1000)
    est, _ = fitted("signals")
    with pytest.raises(NotSavableError, match="task 'task0' have 60 time steps"):
        est.export(0, tmp_path / "program.onnx", "predict", "onnx")
    assert not list(tmp_path.iterdir())


def test_nothing_is_printed(tmp_path, capfd):
    est, _ = fitted("vectors")
    est.export(0, tmp_path / "program.onnx", "predict", "onnx")
    assert capfd.readouterr().out == ""


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[2] / "docs" / "export.md"
    assert "session" in run_blocks(page)
