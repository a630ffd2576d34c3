"""What goes into a package file: items of the catalogue turned into bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.lab.packages import deb
from provision.lab.packages.catalogue import Item, Package
from provision.lab.packages.repository import Deb

_HERE = Path(__file__).parent
_TEXTS = _HERE / "texts"
_DOUBLES = _HERE / "doubles"
_FIELD_OF_RELATION = {
    "depends": "Depends",
    "provides": "Provides",
    "conflicts": "Conflicts",
    "breaks": "Breaks",
    "replaces": "Replaces",
}
_ENTRY = """\
#!/usr/bin/python3
import sys

sys.path.insert(0, "/usr/lib/nvidia-container-toolkit")
from container_toolkit.{module} import main

sys.exit(main("{version}"))
"""


@dataclass(frozen=True)
class Binaries:
    """Where compiled things lie: VERSION/userspace/NAME, VERSION/FLAVOUR/*.ko, stubs/SONAME."""

    directory: Path

    def userspace(self, version: str) -> Path:
        """Return the folder of the programs and libraries of one driver version."""
        return self.directory / version / "userspace"

    def module(self, version: str, flavour: str) -> Path:
        """Return the folder of the kernel modules of one driver version and flavour."""
        return self.directory / version / flavour

    def stub(self, soname: str) -> Path:
        """Return the empty shared library of that SONAME."""
        return self.directory / "stubs" / soname


def package_file(package: Package, binaries: Binaries, kernel: str) -> Deb:
    """Return the package file of one package of the catalogue."""
    values = {"VERSION": package.version, "BRANCH": package.version.split(".")[0], "KERNEL": kernel}
    entries = [entry for item in package.items for entry in _entries(item, package, binaries, values)]
    fields = {
        "Package": package.name,
        "Version": package.revision,
        "Architecture": package.architecture,
        "Maintainer": "Provision Lab <lab@localhost>",
        "Installed-Size": str(deb.installed_size(entries)),
        "Section": package.section,
        "Priority": "optional",
        **{_FIELD_OF_RELATION[kind]: ", ".join(names) for kind, names in package.relations.items()},
        "Description": package.description,
    }
    content = deb.write(
        fields,
        entries,
        scripts=_scripts(package, values),
        conffiles=[item.path for item in package.items if item.conffile],
        triggers=["activate-noawait ldconfig"] if package.libraries else [],
    )
    return Deb(package.file_name, fields, content)


def _entries(
    item: Item, package: Package, binaries: Binaries, values: Mapping[str, str]
) -> Sequence[deb.Entry]:
    match item.source:
        case "link":
            return [deb.Entry(item.path, link=item.value)]
        case "tree":
            root = _DOUBLES / item.value
            return [
                deb.Entry(f"{item.path}/{file.relative_to(_DOUBLES).as_posix()}", file.read_bytes())
                for file in sorted(root.rglob("*.py"))
            ]
        case "module":
            return [
                deb.Entry(f"{item.path}/{file.name}", file.read_bytes())
                for file in sorted(binaries.module(package.version, item.value).glob("*.ko"))
            ]
        case "built":
            content = (binaries.userspace(package.version) / item.value).read_bytes()
        case "stub":
            content = binaries.stub(item.value).read_bytes()
        case "double":
            content = (_DOUBLES / item.value).read_bytes()
        case "entry":
            content = _ENTRY.format(module=item.value, version=package.version).encode()
        case _:
            content = _filled(item.value, values)
    return [deb.Entry(item.path, content, item.mode)]


def _scripts(package: Package, values: Mapping[str, str]) -> dict[str, bytes]:
    scripts = {moment: _filled(name, values) for moment, name in package.scripts.items()}
    for unit, state in package.units.items():
        for moment in ("postinst", "prerm", "postrm"):
            scripts[moment] = _filled(f"unit.{moment}", {**values, "UNIT": unit, "STATE": state})
    return scripts


def _filled(name: str, values: Mapping[str, str]) -> bytes:
    text = (_TEXTS / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text.encode()
