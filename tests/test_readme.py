"""The code of the README and of every page of docs/ runs, a page as one program."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.recipes import HEADINGS, recipe
from tests.helpers.recipes import PAGE as RECIPES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
MARKDOWN = [README, *PAGES, *ROOT.glob("C*.md"), ROOT / "benchmarks" / "README.md"]


def run_blocks(page: Path) -> dict[str, Any]:
    """Run the blocks of a page in order, and return what they have defined."""
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {}
    for found in re.finditer(r"^```python\n(.*?)^```", text, flags=re.M | re.S):
        # Tracebacks then name the page and its line.
        line = text.count("\n", 0, found.start(1))
        exec(compile("\n" * line + found[1], str(page), "exec"), namespace)
    return namespace


def test_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run_blocks(README)
    assert len(found["digits"]) == 225
    assert found["accuracy"] > 0.5
    assert found["search"].best_score_ > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_blocks(page)


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_no_program_of_a_page_is_left_out(page):
    kinds = re.findall(r"^```(\S*)", page.read_text(encoding="utf-8"), flags=re.M)[::2]
    programs = [kind for kind in kinds if not kind.startswith("{")]
    others = [kind for kind in programs if kind != "python"]
    assert others == (["py"] * len(HEADINGS) if page == RECIPES else [])
    if others:
        assert len({recipe(heading) for heading in HEADINGS}) == len(HEADINGS)


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_no_line_of_a_page_is_lost(page):
    """The site leaves out lines that begin with %, and +++ ends a part."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    assert not re.findall(r"^ {0,3}(?:%|\+\+\+).*", text, flags=re.M)


def test_commands_are_there():
    text = README.read_text(encoding="utf-8")
    assert "pip install . && python examples/quickstart.py" in text
    assert 'pip install -e ".[test]" && pytest' in text


def test_readme_is_read_in_a_minute():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert len(text.split()) <= 900
    assert re.findall(r"!\[[^]]+\]\((docs/images/\S+)\)", text)


def test_pictures_are_small():
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size <= 100_000, picture.name


def test_aliases_are_explained_by_examples_that_run():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "aliases.rst"), False)
    assert not failed
    assert tried


@pytest.mark.parametrize(
    "page",
    [README, *PAGES, ROOT / "benchmarks" / "README.md"],
    ids=lambda page: f"{page.parent.name}/{page.name}",
)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https://)([^)\s]+)\)", text)
    for target in targets:
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(linked), f"{page.name} links to {target}"


def anchors(page: Path) -> list[str]:
    """What the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
