"""Configure Sphinx for Spa's documentation."""

import ast
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent

project = "Spa"
author = "the Spa authors"
copyright = author

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "Spa"
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True  # a default is shown as the source has it, not as its repr
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False


class Map(SphinxDirective):
    """``.. map:: folder`` lists the files of a folder, each with the sentence it is for."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a definition list."""
        lines = []
        for path in sorted((ROOT / self.arguments[0]).glob("*.py")):
            self.env.note_dependency(str(path))
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            sentence = " ".join(docstring.partition("\n\n")[0].split())
            lines += [f"``{path.name}``", f"    {sentence}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> None:
    """Add what only these pages need."""
    app.add_directive("map", Map)
