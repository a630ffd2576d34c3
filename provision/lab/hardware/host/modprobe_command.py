"""modprobe: the simulated modules here, every other one by the real program."""

from __future__ import annotations

import os
import subprocess
import sys

import kernel
import module_files
import state

_REAL = "/sbin/modprobe"
_QUERIES = (
    "-c",
    "--showconfig",
    "-D",
    "--show-depends",
    "-R",
    "--resolve-alias",
    "-V",
    "--version",
    "-h",
    "--help",
)
_WITH_VALUE = ("-C", "--config", "-d", "--dirname", "-S", "--set-version")


def main() -> None:
    """Run as modprobe does."""
    options, names = _split(sys.argv[1:])
    remove, several = bool({"-r", "--remove"} & options), bool({"-a", "--all", "-r", "--remove"} & options)
    wanted = names if several else names[:1]
    ours = [name for name in wanted if module_files.normal(name) in kernel.SIMULATED]
    if not ours or any(option in _QUERIES for option in options):
        os.execv(_REAL, [_REAL, *sys.argv[1:]])
    if {"-n", "--dry-run", "--show"} & options:
        sys.exit(0)
    quiet = bool({"-q", "--quiet"} & options)
    if os.geteuid() != 0:
        verb = "remove" if remove else "insert"
        message = f"modprobe: ERROR: could not {verb} '{ours[0]}': Operation not permitted"
        sys.exit(_fail(message, False))
    results = []
    for name in wanted:
        if name not in ours:
            results.append(subprocess.call([_REAL, *sorted(options), name]))
        elif remove:
            results.append(_remove(module_files.normal(name), quiet))
        else:
            results.append(_insert(module_files.normal(name), quiet))
    sys.exit(max(results))


def _split(arguments: list[str]) -> tuple[set[str], list[str]]:
    """Return the options as a set, bundled ones taken apart, and the module names."""
    options, names, skip = set(), [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in _WITH_VALUE:
            skip = True
        elif argument.startswith("--"):
            options.add(argument)
        elif argument.startswith("-"):
            options.update("-" + letter for letter in argument[1:])
        elif "=" not in argument:
            names.append(argument)
    return options, names


def _insert(name: str, quiet: bool) -> int:
    try:
        with state.locked() as records:
            kernel.load_with_companions(records, name)
    except kernel.NotFound:
        folder = "/lib/modules/" + module_files.release()
        return _fail(f"modprobe: FATAL: Module {name} not found in directory {folder}", quiet)
    except kernel.Refused as answer:
        return _fail(f"modprobe: ERROR: could not insert '{name}': {answer}", False)
    return 0


def _remove(name: str, quiet: bool) -> int:
    try:
        with state.locked() as records:
            kernel.unload(records, name)
    except kernel.InUse:
        return _fail(f"modprobe: FATAL: Module {name} is in use.", quiet)
    for dependency in module_files.DEPENDENCIES[name]:
        _remove(dependency, True)
    return 0


def _fail(message: str, quiet: bool) -> int:
    if not quiet:
        sys.stderr.write(message + "\n")
    return 1
