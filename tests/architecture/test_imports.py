"""The rules of docs/architecture.md, read from the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("assets", "synth", "train", "cli")
ALLOWED = {
    "assets": {"assets"},
    "synth": {"synth", "assets"},
    "train": {"train", "assets"},
    "cli": {"cli", "synth", "train", "assets"},
}
FORBIDDEN = {
    "assets": {"torch", "timm", "lightning", "pyrender", "OpenGL", "ai_edge_litert", "mediapipe", "cv2"},
    "synth": {"torch", "torchvision", "timm", "lightning"},
    "train": {"pyrender", "OpenGL", "trimesh", "mediapipe", "ai_edge_litert"},
    "cli": {"torch", "pyrender", "OpenGL", "ai_edge_litert", "mediapipe", "timm", "lightning"},
}
ONE_IMPORTER = ("pyrender", "OpenGL", "ai_edge_litert", "mediapipe", "timm", "lightning", "onnxruntime", "fairlearn")
MAX_LINES = 320
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imported_names(path: Path) -> set[str]:
    """Return the dotted names a module imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def top_names(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_names(path)}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        tops = top_names(path)
        assert tops & set(PACKAGES) <= ALLOWED[package], path
        assert not tops & FORBIDDEN[package], path


def test_each_fragile_library_has_one_importing_module() -> None:
    importers: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for name in top_names(path) & set(ONE_IMPORTER):
            importers[name].append(str(path.relative_to(ROOT)))
    assert {name: files for name, files in importers.items() if len(files) > 1} == {}


def test_files_stay_readable() -> None:
    long = {str(p.relative_to(ROOT)): n for p in MODULES if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert long == {}


def test_module_names_say_what_they_hold() -> None:
    vague = {"utils", "util", "common", "helpers", "misc", "tools"}
    assert [str(p) for p in MODULES if p.stem in vague or p.parent.name in vague] == []


def banned_calls(path: Path) -> list[str]:
    """Return calls that bring unkeyed randomness, the wall clock, unsafe loading or printing."""
    found = []
    keyed = {"Generator", "PCG64", "Philox", "SeedSequence", "BitGenerator"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if text.startswith(("np.random.", "numpy.random.")) and text.split(".")[2] not in keyed:
                found.append(f"{path}:{node.lineno} {text}")
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            if (node.arg, node.value.value) in {("allow_pickle", True), ("weights_only", False)}:
                found.append(f"{path}:{node.value.lineno} {node.arg}={node.value.value}")
    return found


def test_randomness_is_keyed_and_loading_is_safe() -> None:
    assert [hit for path in MODULES for hit in banned_calls(path)] == []
    for path in MODULES:
        assert not top_names(path) & {"random", "uuid", "pickle", "secrets", "requests", "urllib3"}, path


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("cli.synth_main", {"numpy", "scipy", "cv2", "h5py", "pyrender", "numba", "ai_edge_litert", "torch"}),
        ("cli.train_main", {"numpy", "scipy", "cv2", "h5py", "torch", "lightning", "timm", "sklearn"}),
    ],
)
def test_help_imports_nothing_heavy(module: str, heavy: set[str]) -> None:
    code = (
        f"import sys; from click.testing import CliRunner; import {module} as m; "
        "r = CliRunner().invoke(m.main, ['--help']); assert r.exit_code == 0, r.output; "
        "print(*sorted(n.split('.')[0] for n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert not heavy & set(done.stdout.split())
