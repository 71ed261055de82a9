"""The README's code blocks run in order, as one program."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_code_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    assert len(blocks) >= 4
    namespace: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"README block {number}", "exec"), namespace)
    assert namespace["accuracy"] > 0.5
    assert namespace["search"].best_score_ > 0.3


def test_commands_are_there():
    text = README.read_text(encoding="utf-8")
    assert "pip install . && python examples/quickstart.py" in text
    assert 'pip install -e ".[test]" && pytest' in text
