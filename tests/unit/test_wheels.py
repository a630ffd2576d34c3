"""The wheels `provision` and `provision-lab`: what is in each, and what each does."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "provision" / "lab"


def built(source: Path, destination: Path) -> Path:
    """Build one wheel with what is installed already; nothing is downloaded."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(destination)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = destination.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(LAB, tmp_path_factory.mktemp("lab"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def files(folder: Path) -> set[str]:
    """Return what git would keep of a folder, as paths in the clone."""
    return {
        str(path.relative_to(ROOT))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the wheels' content comes before the clone's."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def installed(folder: Path, *wheels: Path) -> Path:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(folder)
    return folder


def test_the_products_wheel_has_nothing_of_the_lab(product: Path) -> None:
    inside = names(product)
    assert [name for name in inside if name.startswith("provision/lab/")] == []
    elsewhere = ("provision/lab/", "provision/collection/")
    expected = {name for name in files(ROOT / "provision") if not name.startswith(elsewhere)}
    assert {name for name in inside if name.startswith("provision/")} == expected
    assert "ansible_collections/provision/gpu/playbooks/site.yml" in inside


def test_the_labs_wheel_is_the_lab_where_it_is_in_a_clone(lab: Path) -> None:
    assert names(lab) == files(LAB) - {"provision/lab/pyproject.toml"}


def test_both_are_of_one_version() -> None:
    of_product = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    of_lab = tomllib.loads((LAB / "pyproject.toml").read_text())["project"]
    version = of_product["version"]
    assert of_product["optional-dependencies"]["lab"] == [f"provision-lab=={version}"]
    assert of_lab["version"] == version
    assert of_lab["dependencies"] == [f"provision=={version}"]
    assert of_lab["license"] == of_product["license"]


@pytest.mark.parametrize("arguments", [(), ("up",), ("status", "--json"), ("fault",)])
def test_without_the_lab_its_command_says_how_to_get_it(
    arguments: tuple[str, ...], product: Path, tmp_path: Path
) -> None:
    done = run(installed(tmp_path, product), "-m", "provision", "lab", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the simulated lab is not installed with this `provision`\n"
        "hint: pip install 'provision[lab]', or work from a clone\n"
    )


def test_with_the_labs_wheel_it_works(product: Path, lab: Path, tmp_path: Path) -> None:
    folder = installed(tmp_path, product, lab)
    told = run(folder, "-c", "from provision import lab; print(lab.__file__)")
    assert told.stdout.strip() == str(folder / "provision/lab/__init__.py"), told
    assert (
        "Start, stop and break simulated GPU servers."
        in run(folder, "-m", "provision", "lab", "--help").stdout
    )
    faults = run(folder, "-m", "provision", "lab", "fault")
    assert faults.returncode == 0, faults
    assert "apt_lock" in faults.stdout
