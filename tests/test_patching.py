"""A standard library that is not patched is a warning, at the line that should be told."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

PROGRAM = """
{patch}
from spa.patching import is_patched, warn_if_unpatched

def serve():
    warn_if_unpatched("all waits", "patch it", stacklevel=2)

serve()  # line 8
print(is_patched())
"""


@pytest.mark.parametrize(
    ("patch", "is_patched"),
    [
        ("", False),
        ("from gevent.monkey import patch_all; patch_all()", True),
        ("from gevent.monkey import patch_all; patch_all(time=False)", False),
        ("from gevent.monkey import patch_all; patch_all(socket=False, dns=False)", False),
    ],
)
def test_what_is_not_patched_is_told_at_the_line_of_the_caller(patch, is_patched, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(patch=patch))
    done = subprocess.run([sys.executable, program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"{is_patched}\n")
    if is_patched:
        assert done.stderr == ""
    else:
        message = "the standard library is not patched, so all waits; patch it"
        assert f"program.py:8: RuntimeWarning: {message}\n" in done.stderr
