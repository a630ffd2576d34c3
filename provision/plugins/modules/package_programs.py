#!/usr/bin/python
"""Ansible module: programs and shared libraries of packages are those that the packages brought."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.os_release import APT
from ..module_utils.packages.managers import PackageManager, PackageManagerError, opened
from ..module_utils.packages.programs import DpkgFiles, by_package, displaced, failing, programs
from ..module_utils.packages.repository_files import MANAGER, manager

DOCUMENTATION = r"""
module: package_programs
short_description: Reinstalls packages whose programs or shared libraries somebody replaced
description:
  - A package manager goes by versions - a library that was copied over, or a link that leads to another one, is
    nothing to it. This compares the files with what dpkg or rpm knows of them.
  - Packages that have a file of another content, a link that leads elsewhere, or one that is missing, are
    installed again at the version that they have.
  - Only what is run or linked with counts, below bin, sbin and lib.
options:
  packages:
    description: Names of packages. Those that are not installed do not count.
    type: list
    elements: str
    required: true
  arriving:
    description:
      - Packages that another task of the same run installs or changes. In check mode their files count as whole.
    type: list
    elements: str
    default: []
  lock_timeout:
    description: Seconds to wait for another package manager to finish.
    type: int
    default: 600
  manager:
    description: The package manager. C(auto) asks os-release.
    type: str
    choices: [auto, apt, dnf]
    default: auto
attributes:
  check_mode:
    description: Compares, and reinstalls nothing.
    support: full
  diff_mode:
    description: Shows the files by package.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Keep the driver's libraries those of its packages
  package_programs:
    packages: [libnvidia-ml1, libcuda1, nvidia-driver-cuda]
"""

RETURN = r"""
programs:
  description: Paths of programs and shared libraries by package, as far as it has any.
  returned: success
  type: dict
"""

Run = Callable[[List[str]], str]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "arriving": {"type": "list", "elements": "str", "default": []},
            "lock_timeout": {"type": "int", "default": 600},
            "manager": MANAGER,
        },
        supports_check_mode=True,
    )
    options = {**module.params, "pending_repositories": [], "lists_max_age": 3600}
    look = _dpkg if manager(options["manager"]) == APT else _rpm
    names = sorted(
        {*module.params["packages"]} - ({*module.params["arriving"]} if module.check_mode else set())
    )

    def run(argv: List[str]) -> str:
        _, output, _ = module.run_command(argv, environ_update={"LC_ALL": "C"})
        return str(output)

    paths, broken = look(run, names)
    if broken and not module.check_mode:
        try:
            with opened(module, options) as packages:
                _reinstall(packages, broken)
        except PackageManagerError as error:
            module.fail_json(msg=str(error), hint=error.hint)
        paths, left = look(run, names)
        if left:
            module.fail_json(
                msg="still not as its package brought it: %s" % _listed(left),
                hint="does a repository still offer %s at the installed version?" % ", ".join(left),
            )
    module.exit_json(
        changed=bool(broken),
        programs={package: each for package, each in paths.items() if each},
        diff=[_diff(package, files) for package, files in broken.items()],
    )


def _listed(files: Mapping[str, List[str]]) -> str:
    return ", ".join(path for each in files.values() for path in each)


def _reinstall(packages: PackageManager, broken: Mapping[str, List[str]]) -> None:
    installed = packages.installed()
    packages.reinstall({name: installed[name] for name in broken})


def _dpkg(run: Run, packages: List[str]) -> Tuple[Dict[str, List[str]], Dict[str, List[str]]]:
    """Return the programs by package, and those that are not as the package brought them."""
    files = DpkgFiles()
    paths = {package: programs(files.paths(package)) for package in packages}
    present = [package for package, each in paths.items() if each]
    known = {path for each in paths.values() for path in each}

    def exists(path: str) -> bool:
        # Packages may still list what is in /usr/lib as being in /lib.
        names = [path, path.replace("/usr/", "/", 1)]
        return bool(known & set(names)) or bool(run(["dpkg-query", "--search", *names]))

    wrong = failing(run(["dpkg", "--verify", *present])) if present else []
    for package in present:
        summed = files.summed(package)
        # A package without checksums tells nothing of its files.
        wrong += displaced(paths[package], summed, exists) if summed else []
    return paths, by_package(paths, wrong)


def _rpm(run: Run, packages: List[str]) -> Tuple[Dict[str, List[str]], Dict[str, List[str]]]:
    """Return the same from rpm's database."""
    paths = {package: programs(run(["rpm", "-ql", package]).splitlines()) for package in packages}
    wrong = failing(run(["rpm", "-V", "--nodeps", "--noscripts", *packages])) if packages else []
    return paths, by_package(paths, wrong)


def _diff(package: str, files: List[str]) -> Dict[str, str]:
    header = "package %s" % package
    before = "".join("%s is not the package's\n" % path for path in files)
    return {"before_header": header, "after_header": header, "before": before, "after": ""}


if __name__ == "__main__":
    main()
