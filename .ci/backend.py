"""Build with setuptools, and put the tests, examples, docs and benchmarks into the source distribution.

This is the build backend that ``pyproject.toml`` names. setuptools takes such files from a ``MANIFEST.in`` at the top
level or from a version control system; the one here lies beside this file instead.
"""

from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.egg_info import manifest_maker

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Write the source distribution, and return its file name (PEP 517)."""
    manifest_maker.template = ".ci/MANIFEST.in"  # setuptools takes relative paths only; hooks run at the top level
    return build_meta.build_sdist(sdist_directory, config_settings)
