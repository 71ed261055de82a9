"""Configuration of the documentation; its command stands in CONTRIBUTING.md."""

from __future__ import annotations

import inspect
import os
import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref

import sk_jae

# Builds on other machines and in other time zones are the same.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "sk_jae"
author = "The sk_jae developers"
copyright = author
version = release = sk_jae.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]  # the order of the gallery is a function

# References to names of this package must exist. Others lead nowhere, since nothing is
# fetched during the build.
default_role = "literal"  # single backticks look the same in pages and docstrings
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!sk_jae|Joint).*"),
    (r"(?!py:|doc|ref).*", r".*"),
]

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings have the types
autodoc_member_order = "groupwise"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

TUTORIALS = [
    "plot_two_tables.py",
    "plot_two_instruments.py",
    "plot_sensors.py",
    "plot_transfer.py",
    "plot_photos.py",
    "plot_few_labels.py",
    "plot_pairs.py",
    "plot_transfer_report.py",
    "plot_codes.py",
    "plot_grid_search.py",
]


class TutorialOrder:
    """Sorts the tutorials as they are listed above, with others at the end."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[int, str]:
        place = TUTORIALS.index(name) if name in TUTORIALS else len(TUTORIALS)
        return place, name


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"quickstart\.py",
    "within_subsection_order": TutorialOrder,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sk_jae",),
    "inspect_global_variables": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "capture_repr": ("_repr_html_",),
    "min_reported_time": 1000,
    "matplotlib_animations": False,
    "plot_gallery": "True",
    "image_srcset": ["2x"],
}

# Methods that the packages of this project call on each other's objects.
INTERNAL = {
    "BandPower.shares",
    "BandPower.wide_bands",
    "Checkpoint.keeper",
    "Distributed.opened",
    "JointModule.count_fused",
    "TaskBatchNorm.add_task",
}


def skip_member(
    app: object, what: str, name: str, member: Any, skip: bool, options: object
) -> bool | None:
    """Leave out what is internal, and what has only the text of a torch module."""
    if getattr(member, "__qualname__", "") in INTERNAL:
        return True
    text = getattr(member, "__doc__", None) or ""
    is_of_torch = getattr(member, "__module__", None) or ""
    if text.startswith("Alias for field") or is_of_torch.startswith("torch."):
        return True
    return True if name in ("forward", "extra_repr") and not text else None


def adapt_text(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Texts of scikit-learn refer to its own documentation, and to its own versions."""
    label = ":ref:`sphx_glr_auto_examples_miscellaneous_plot_set_output.py`"
    text = "\n".join(lines).replace(label, "its gallery")
    note = r"^( *)\.\. version(?:added|changed)::.*\n?(?:\1 +\S.*\n?)*"
    lines[:] = re.sub(note, "", text, flags=re.M).split("\n")


def names_of_the_reference() -> dict[str, tuple[str, str]]:
    """What leads to the reference wherever a page has it: its text, and where to.

    Functions count only where no parameter or plain word is spelled like them.
    """
    packages = [sk_jae, *(getattr(sk_jae, name) for name in sk_jae.__all__)]
    found = {"pack": ("obj", "sk_jae.pack")}
    for package in filter(inspect.ismodule, packages):
        path = package.__name__
        if package is not sk_jae:
            found[path] = ("mod", path)
        for name in package.__all__:
            goal = ("obj", f"{path}.{name}")
            if not inspect.ismodule(getattr(package, name)):
                found[f"{path}.{name}"] = goal
            has_functions = path.endswith((".metrics", ".datasets", "_selection"))
            if re.search("[a-z][A-Z]", name) or (has_functions and "_" in name):
                found[name] = goal
    return found


NAMES = names_of_the_reference()


def finish_page(app: Any, doctree: nodes.document) -> None:
    """Link names to the reference, and keep what belongs together in one line."""
    page = app.env.docname
    if page.startswith("generated/"):
        return
    for entry in doctree.findall(nodes.entry):
        for text in list(entry.findall(nodes.Text)):
            whole = text.replace(" ± ", "\u00a0±\u00a0")
            whole = re.sub(r"\((\d+), (\d+) s\)", "(\\1,\u00a0\\2\u00a0s)", whole)
            text.parent.replace(text, nodes.Text(whole))
    for literal in list(doctree.findall(nodes.literal)):
        kind, goal = NAMES.get(literal.astext(), ("", ""))
        if goal and isinstance(literal.parent, nodes.paragraph):
            link = pending_xref(
                "", refdomain="py", reftype=kind, reftarget=goal, refexplicit=True
            )
            link["refdoc"] = page
            literal.parent.replace(literal, link)
            link += literal


def setup(app: Any) -> None:
    app.connect("doctree-read", finish_page)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-docstring", adapt_text, priority=100)


html_theme = "pydata_sphinx_theme"
html_title = "sk_jae"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Pages without others below them have nothing to show at the side.
html_sidebars = {page: [] for page in ("index", "install", "data")}
html_theme_options = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
html_context = {"default_mode": "auto"}
