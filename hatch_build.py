"""Build hook: the wheel is the Ansible collection `provision.gpu`, too, with a manifest that Ansible's tools read.

An editable install uses the clone, so it carries no copy of the collection.
"""

import hashlib
import json
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COLLECTION = "ansible_collections/provision/gpu"
FORMAT = 1
OPTIONAL = ("repository", "documentation", "homepage", "issues")


class CollectionBuildHook(BuildHookInterface):
    """Adds `galaxy.yml`, `MANIFEST.json` and `FILES.json` to the collection in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatchling's entry: `version` is the kind of wheel, `build_data` takes more files."""
        if version == "editable":
            self.build_config.target_config["force-include"] = {}
            return
        root = Path(self.root)
        galaxy = yaml.safe_load((root / "provision/collection/galaxy.yml").read_text())
        galaxy = {**galaxy, "version": self.metadata.version}
        files = json.dumps(listing(root, self.build_config.target_config["force-include"]), indent=1)
        written = {
            "galaxy.yml": yaml.safe_dump(galaxy, sort_keys=False),
            "FILES.json": files,
            "MANIFEST.json": json.dumps(manifest(galaxy, files), indent=1),
        }
        folder = Path(tempfile.mkdtemp(prefix="provision-collection-"))
        for name, text in written.items():
            (folder / name).write_text(text)
            build_data["force_include"][str(folder / name)] = f"{COLLECTION}/{name}"


def listing(root: Path, included: dict[str, str]) -> dict[str, Any]:
    """Return what `FILES.json` says: every folder and file of the collection, files with their digest."""
    entries = [entry(".", None)]
    for source, target in sorted(included.items()):
        inside = target.removeprefix(f"{COLLECTION}/")
        paths = sorted((root / source).rglob("*")) if (root / source).is_dir() else []
        for path in [root / source, *paths]:
            if "__pycache__" not in path.parts:
                name = (PurePosixPath(inside) / path.relative_to(root / source)).as_posix()
                entries.append(entry(name, path))
    return {"files": entries, "format": FORMAT}


def entry(name: str, path: Path | None) -> dict[str, Any]:
    """Return one row of `FILES.json`; a path that is no file is a folder."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None
    return {
        "name": name,
        "ftype": "dir" if digest is None else "file",
        "chksum_type": None if digest is None else "sha256",
        "chksum_sha256": digest,
        "format": FORMAT,
    }


def manifest(galaxy: dict[str, Any], files: str) -> dict[str, Any]:
    """Return what `MANIFEST.json` says of the collection and of its list of files."""
    return {
        "collection_info": {**galaxy, "license": [], **dict.fromkeys(OPTIONAL)},
        "file_manifest_file": {
            "name": "FILES.json",
            "ftype": "file",
            "chksum_type": "sha256",
            "chksum_sha256": hashlib.sha256(files.encode()).hexdigest(),
            "format": FORMAT,
        },
        "format": FORMAT,
    }
