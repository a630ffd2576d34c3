"""modprobe: the simulated modules here, every other one by the real program."""

import os
import sys

import kernel
import module_files
import state

_REAL = "/sbin/modprobe"
_QUERIES = ("-c", "--showconfig", "-D", "--show-depends", "-R", "--resolve-alias", "-V", "--version", "-h", "--help")
_WITH_VALUE = ("-C", "--config", "-d", "--dirname", "-S", "--set-version")


def main():
    """Run as modprobe does."""
    options, names = _split(sys.argv[1:])
    simulated = [module_files.normal(name) for name in names]
    if any(option in _QUERIES for option in options) or not all(name in kernel.SIMULATED for name in simulated[:1]):
        os.execv(_REAL, [_REAL] + sys.argv[1:])
    if not simulated:
        os.execv(_REAL, [_REAL] + sys.argv[1:])
    quiet = bool({"-q", "--quiet"} & options)
    if {"-n", "--dry-run", "--show"} & options:
        sys.exit(0)
    if os.geteuid() != 0:
        sys.exit(_fail("modprobe: ERROR: could not insert '{}': Operation not permitted".format(simulated[0]), False))
    if {"-r", "--remove"} & options:
        sys.exit(max(_remove(name, quiet) for name in simulated if name in kernel.SIMULATED))
    wanted = simulated if {"-a", "--all"} & options else simulated[:1]
    sys.exit(max(_insert(name, quiet) for name in wanted if name in kernel.SIMULATED))


def _split(arguments):
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


def _insert(name, quiet):
    try:
        with state.locked() as records:
            kernel.load_with_companions(records, name)
    except kernel.NotFound:
        folder = "/lib/modules/" + os.uname().release
        return _fail("modprobe: FATAL: Module {} not found in directory {}".format(name, folder), quiet)
    except kernel.Refused as answer:
        return _fail("modprobe: ERROR: could not insert '{}': {}".format(name, answer), False)
    return 0


def _remove(name, quiet):
    try:
        with state.locked() as records:
            kernel.unload(records, name)
    except kernel.InUse:
        return _fail("modprobe: FATAL: Module {} is in use.".format(name), quiet)
    for dependency in module_files.DEPENDENCIES[name]:
        _remove(dependency, True)
    return 0


def _fail(message, quiet):
    if not quiet:
        sys.stderr.write(message + "\n")
    return 1
