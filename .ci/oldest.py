"""Print the oldest versions that pyproject.toml allows, as requirements for pip: ``oldest.py [EXTRA ...]``."""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[\w.-]+(?:\[[\w,-]+\])?)(?:>=|==)(?P<version>[\w.]+)")


def oldest(requirement: str) -> str:
    """Return a requirement of exactly its lower bound: ``name>=1`` becomes ``name==1``."""
    found = BOUND.fullmatch(requirement)
    if found is None:
        raise SystemExit(f"{requirement!r} has no lower bound; write name>=version into {PYPROJECT.name}")
    return f"{found['name']}=={found['version']}"


def main(extras: list[str]) -> None:
    """Print the requirements of the project and of its extras, each once."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    sys.stdout.writelines(f"{line}\n" for line in dict.fromkeys(map(oldest, requirements)))


if __name__ == "__main__":
    main(sys.argv[1:])
