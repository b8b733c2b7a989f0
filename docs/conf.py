"""Configure Sphinx for Spa's documentation."""

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
