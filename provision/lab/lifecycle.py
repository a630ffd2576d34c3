"""Bring a lab up, reset one server of it, take it down: the order of things, nothing else."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.lab import (
    cgroup,
    dockerd,
    faults,
    images,
    inventory_file,
    keys,
    limits,
    network,
    packages,
    servers,
    spec,
    web,
)
from provision.lab import machine as this_machine
from provision.lab.machine import Machine
from provision.lab.servers import Status
from provision.lab.spec import Lab, Server
from provision.lab.state import State, default, locked

Say = Callable[[str], None]


def _silent(line: str) -> None:
    del line


def up(
    hosts: Sequence[str] = (), *, spec_file: Path | None = None, clean: bool = False, say: Say = _silent
) -> Lab:
    """Start servers of a lab, those that run already left alone; return the lab.

    `hosts`: names, all if empty. `clean`: rebuild images and packages, replace servers that run.
    `say` is told each step. Raises UsageError, RunError.
    """
    lab, state = spec.load(spec_file), default()
    wanted = lab.select(hosts)
    this_machine.refuse_unfit()
    with locked(state):
        if dockerd.ensure(state):
            say("started dockerd")
        machine = this_machine.look(dockerd.major())
        if clean:
            servers.remove([each.name for each in wanted], state)
            images.remove_all()
            shutil.rmtree(state.www, ignore_errors=True)
        # One that does not run, as after a restart of the machine, is replaced: its mounts are gone.
        absent = [
            each
            for each, found in zip(wanted, servers.statuses(wanted, lab.name, state), strict=True)
            if found.state not in ("running", "paused")
        ]
        keys.ensure(state)
        say("building package repositories")
        packages.build(state.www, state.gnupg, machine.kernel)
        network.ensure()
        web.ensure(state)
        if lab.source != spec.DEFAULT:
            inventory_file.write(lab, state)
        if absent:
            say("building images (kept for the next time)")
            built = images.build_all(absent, machine, state)
            say(f"starting {', '.join(each.name for each in absent)}")
            _create(absent, lab, built, machine, state)
        # One with a fault may never answer, and is meant to.
        _wait([each for each in wanted if not servers.active_faults(each.name, state)], say)
    return lab


def reset(name: str, *, spec_file: Path | None = None) -> None:
    """Replace one server by a fresh one, as it was handed over. Raises UsageError, RunError."""
    lab, state = spec.load(spec_file), default()
    wanted = lab.select([name])
    this_machine.refuse_unfit()
    machine = this_machine.look(dockerd.major())
    with locked(state):
        built = images.build_all(wanted, machine, state)
    _create(wanted, lab, built, machine, state)
    _wait(wanted, _silent)


def clone(source: str, names: Sequence[str], *, spec_file: Path | None = None) -> None:
    """Replace servers by copies of one that runs: what it has installed, with hardware and keys of their own.

    A copy starts as after a reboot, with no containers and no container images. Raises UsageError, RunError.
    """
    lab, state = spec.load(spec_file), default()
    original, wanted = lab.select([source])[0], lab.select(names) if names else ()
    this_machine.refuse_unfit()
    machine = this_machine.look(dockerd.major())
    with locked(state):
        image = images.copy_of(servers.container(original.name), original.name)
    _create(wanted, lab, {each.name: image for each in wanted}, machine, state)
    _wait(wanted, _silent)


def down(hosts: Sequence[str] = (), *, spec_file: Path | None = None, say: Say = _silent) -> list[str]:
    """Remove servers; return their names.

    Without hosts and file that is every server of every lab. With the last server go the network, the
    web server and the mounts; keys, packages and images stay for the next time.
    """
    this_machine.require_root()
    state = default()
    if not dockerd.answers():
        return []
    with locked(state):
        present = servers.running(spec.load(spec_file).name if spec_file else None)
        if hosts:
            chosen = {each.name for each in spec.load(spec_file).select(hosts)}
            present = [name for name in present if name in chosen]
        if present:
            say(f"removing {', '.join(present)}")
        servers.remove(present, state)
        keys.write_known_hosts(state)
        if not servers.running():
            web.stop(state)
            network.remove()
            cgroup.unmount(state)
            if dockerd.release(state):
                say("stopped dockerd, which the lab had started")
    return present


def fault(host: str, name: str, *, on: bool, spec_file: Path | None = None) -> None:
    """Switch a fault of a server on or off. Raises UsageError, RunError."""
    this_machine.require_root()
    faults.switch(spec.load(spec_file).select([host])[0], name, on, default())


def status(*, spec_file: Path | None = None) -> list[Status]:
    """Return the status of every server of a lab."""
    this_machine.require_root()
    lab = spec.load(spec_file)
    return servers.statuses(lab.servers, lab.name, default())


def _create(
    chosen: Sequence[Server], lab: Lab, built: Mapping[str, str], machine: Machine, state: State
) -> None:
    limits.raise_limits()
    cgroup.mount(machine, state)
    _each(chosen, lambda each: servers.create(each, lab.name, built[each.name], machine, state))
    keys.write_known_hosts(state)


def _each(chosen: Sequence[Server], work: Callable[[Server], None]) -> None:
    """Do the same for many servers at a time; the first error is raised once all are done."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(work, chosen))


def _wait(chosen: Sequence[Server], say: Say) -> None:
    _each(chosen, lambda each: servers.wait(each, say))
