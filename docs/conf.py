"""How Sphinx reads the docstrings and draws the pages that make_site.py lays out."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Element, TextElement
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "chatfmt"
release = version = version_of("chatfmt")
author = "The chatfmt developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 3
myst_links_external_new_tab = False

# In a docstring `Name` is a name of the library, and must be one; ``text`` is any code.
default_role = "py:obj"
nitpick_ignore_regex = [
    ("py:(class|data|exc|func|meth)", ".*"),  # what annotations are made of
    ("py:obj", r"(typing|tokenizers|ConfigDict).*"),  # other libraries
]
suppress_warnings = ["misc.highlighting_failure"]  # a page shows JSON that is invalid
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"chatfmt {release}"  # in the sidebar of every page, and in its title
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False


def _elsewhere(
    app: Sphinx, env: BuildEnvironment, node: Element, content: TextElement
) -> Element | None:
    """A name of another page, which a docstring may write as the code around it does."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    python = env.domains.python_domain
    objects = python.objects.items()
    found = [name for name, at in objects if name.endswith(f".{target}") and not at.aliased]
    if len(found) == 1:
        return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)
    # A module without a page of its own is named as what it is, without a link.
    return content if target.startswith("chatfmt.") and target in sys.modules else None


def setup(app: Sphinx) -> None:
    """Connect it."""
    app.connect("missing-reference", _elsewhere)
