"""What make does before it has anything of ours to run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PYTHON = """#!/bin/sh
# Stands for the machine's Python: makes an environment whose pip writes down what it was asked for.
case "$*" in
  "-m venv --clear .venv")
    mkdir -p .venv/bin
    printf '#!/bin/sh\\necho "$*" >> asked\\n' > .venv/bin/pip
    chmod +x .venv/bin/pip ;;
esac
"""


def test_an_environment_that_was_interrupted_half_made_is_made_anew(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for needed in ("requirements-dev.lock", "pyproject.toml"):
        (tmp_path / needed).touch()
    python = tmp_path / "python"
    python.write_text(PYTHON, encoding="ascii")
    python.chmod(0o755)
    # What Ctrl-C leaves while pip is being put in.
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(python, tmp_path / ".venv" / "bin" / "python")
    for _ in range(2):
        done = subprocess.run(
            ["make", ".venv/.installed", f"PYTHON={python}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in asked] == ["install", "install"], "once, and not again"
