#!/usr/bin/env python3
"""Fills what lies between `generated: NAME` and `end: NAME` in a copy of the tree with what compat's data says.

scripts/fill_generated.py TREE
"""

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import yaml

from provision.compat import matrix, rules
from provision.compat.matrix import Row

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    "debian": ("Debian", "Debian", ""),
    "ubuntu": ("Ubuntu", "Ubuntu", ""),
    "el": ("EL", "RHEL, Rocky, Alma", " (their packages with a real dnf)"),
}
"""What Ansible Galaxy and people call a distribution, and what was tested of it without a server."""


def main() -> None:
    """Rewrite the files of the tree."""
    (tree,) = map(Path, sys.argv[1:])
    rows = matrix.load().rows("distributions")
    shared = {"distributions": _table(rows), "platforms": _platforms(rows)}
    for path in (tree / "README.md", *tree.glob("docs/*.md"), *tree.glob("roles/*/README.md")):
        _fill(path, shared)
    for role in tree.glob("roles/*"):
        _fill(role / "meta/main.yml", shared)
        _fill(
            role / "vars/main.yml",
            {"supported": _supported(role.name, rows), "branches": _branches(role.name)},
        )


def _fill(path: Path, texts: Mapping[str, str]) -> None:
    text = path.read_text()
    for name, content in texts.items():
        opened = re.search(rf"\bgenerated: {name}\b.*\n", text)
        closed = re.search(rf"^.*\bend: {name}\b", text, re.MULTILINE)
        if opened and closed:
            text = text[: opened.end()] + content + text[closed.start() :]
    path.write_text(text)


def _supported(role: str, rows: tuple[Row, ...]) -> str:
    """Return Ansible's name of each distribution, and people's."""
    ansible = {"debian": "Debian", "ubuntu": "Ubuntu", "el": "RedHat"}
    lines = [f"  {ansible[row['distribution']]}_{row['major']}: {rules.title(row)}" for row in rows]
    return "\n".join([f"__{role}_supported:", *lines, ""])


def _branches(role: str) -> str:
    numbers = map(str, matrix.load().branches())
    return f"__{role}_branches: [{', '.join(numbers)}]\n"


def _platforms(rows: tuple[Row, ...]) -> str:
    """Return Ansible Galaxy's list of platforms."""
    lines = ["  platforms:"]
    for name, group in _by_name(rows):
        versions = ", ".join(row.get("codename") or f'"{row["major"]}"' for row in group)
        lines += [f"    - name: {NAMES[name][0]}", f"      versions: [{versions}]"]
    return "\n".join([*lines, ""])


def _table(rows: tuple[Row, ...]) -> str:
    """Return what is supported and how it was tested: end to end where the lab has an image of it."""
    images = yaml.safe_load((ROOT / "provision/lab/lab.yml").read_text())["images"].values()
    suites = {image["suite"] for image in images}
    lines = ["| | tested end to end | data and unit tests only |", "|---|---|---|"]
    for name, group in _by_name(rows):
        cells: dict[bool, list[str]] = {True: [], False: []}
        for row in group:
            cells[row.get("codename") in suites].append(row.get("release") or row["major"])
        lacking = ", ".join(cells[False])
        remark = NAMES[name][2] if lacking else ""
        lines.append(
            f"| {NAMES[name][1]} | {', '.join(cells[True])} | {lacking}{remark} |".replace("|  |", "| |")
        )
    return "\n".join([*lines, ""])


def _by_name(rows: tuple[Row, ...]) -> Iterator[tuple[str, list[Row]]]:
    return ((name, list(group)) for name, group in groupby(rows, key=lambda row: str(row["distribution"])))


if __name__ == "__main__":
    main()
