"""Files of programs: torch.export and ONNX, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from sk_jae.estimators._programs import Program
from sk_jae.exceptions import NotSavableError
from sk_jae.nn import BandPower, CommonSignals
from sk_jae.persistence import PACKAGE, atomic_file, package_version

__all__ = ["check_packages", "write_program"]

_OF_ONNX = ("onnx", "onnxscript")
# torch colors its messages for terminals.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_INSTALL = 'pip install "sk_jae[onnx]"'
# Without a bound, slices along another axis were refused by torch 2.6.
_MOST_SAMPLES = 2**31 - 1
# What one protobuf message can hold.
_MOST_BYTES = 2**31 - 1


def check_packages(format: str) -> None:
    """Refuse a format whose packages are not there."""
    missing = [name for name in _OF_ONNX if not find_spec(name)]
    if format == "onnx" and missing:
        raise ImportError(
            f"format='onnx' needs {' and '.join(missing)}, which is not installed; "
            f"install it with `{_INSTALL}`, or use format='torch'."
        )


def write_program(program: Program, path: str | os.PathLike[str], format: str) -> None:
    """Write a program to a file.

    Raises
    ------
    NotSavableError
        If torch cannot make a program of the module.
    OSError
        If the file cannot be written.
    """
    facts = json.dumps({**program.facts, PACKAGE: package_version()})
    if format == "onnx":
        _check_no_spectra(program)
    to_bytes = _onnx if format == "onnx" else _torch
    content = _made(program, lambda: to_bytes(_exported(program), program, facts))
    with atomic_file(path) as file:
        file.write(content)


def _exported(program: Program) -> ExportedProgram:
    return torch.export.export(
        program.module,
        (program.example,),
        dynamic_shapes=({0: Dim("n", max=_MOST_SAMPLES)},),
        strict=False,
    )


def _made(program: Program, make: Callable[[], bytes]) -> bytes:
    """What `make` returns, or the error that torch cannot make it."""
    try:
        return make()
    except NotSavableError:
        raise
    except Exception as error:  # tracing runs modules of the user, too
        task, what = program.facts["task"], program.facts["what"]
        raise NotSavableError(
            f"{what!r} of task {task!r} cannot be exported with torch "
            f"{torch.__version__} ({_first_line(error)}). If the encoder or decoder "
            "has modules of yours, write them so that torch.export can read them; a "
            "newer torch may read more, and `save` needs none of this."
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in _COLORS.sub("", str(error)).splitlines()]
    return next(filter(None, lines), type(error).__name__)


def _check_no_spectra(program: Program) -> None:
    """Refuse signals so long that their spectra are left as they are."""
    if any(isinstance(m, BandPower | CommonSignals) for m in program.module.modules()):
        task, shape = program.facts["task"], program.facts["input"]["shape"]
        raise NotSavableError(
            f"The signals of task {task!r} have {shape[-1]} time steps, for whose "
            "spectra ONNX has no operators; use format='torch'."
        )


def _torch(exported: ExportedProgram, program: Program, facts: str) -> bytes:
    file = io.BytesIO()
    torch.export.save(exported, file, extra_files={f"{PACKAGE}.json": facts})
    return file.getvalue()


def _onnx(exported: ExportedProgram, program: Program, facts: str) -> bytes:
    found = torch.onnx.export(
        exported,
        dynamo=True,
        input_names=[program.facts["input"]["name"]],
        output_names=[program.facts["output"]["name"]],
        verbose=False,
    )
    assert found is not None
    model: Any = found.model_proto
    for value in (*model.graph.input, *model.graph.output):
        # Else the size has a name that torch has made up.
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    del model.graph.value_info[:]
    model.producer_name, model.producer_version = PACKAGE, package_version()
    entry = model.metadata_props.add()
    entry.key, entry.value = PACKAGE, facts
    if model.ByteSize() > _MOST_BYTES:
        raise NotSavableError(
            f"The program has {model.ByteSize():,} bytes, but a file of ONNX holds at "
            f"most {_MOST_BYTES:,}; use format='torch'."
        )
    content: bytes = model.SerializeToString(deterministic=True)
    return content
