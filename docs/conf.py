"""The documentation site: ``make site``."""

from __future__ import annotations

from pxgen.version import __version__

project = "pxgen"
release = version = __version__
html_title = f"pxgen {__version__}"
html_theme = "furo"
html_show_copyright = False
html_copy_source = False

extensions = ["myst_parser"]
# Links to headings (exports.md#videos) are the same here as where the files are read as they are.
myst_heading_anchors = 4
# A block is named by its language or by none; what no lexer knows is no error of ours to find.
highlight_language = "text"
exclude_patterns = ["studies"]
nitpicky = True
