"""The state of the fleet on one screen, and as a document."""

from collections import Counter
from collections.abc import Callable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from provision.model.observed import Gpu, HostProbe, Observed
from provision.model.plan import HostPlan, Plan, State
from provision.plugins.module_utils.gpus import boards
from provision.plugins.module_utils.mig.summary import describe
from provision.report import partitions, words

_NONE = "-"
# A version that is broken over two lines is hard to compare with another.
_WHOLE = frozenset({"driver", "Docker", "toolkit"})
_STYLES = {
    State.CONVERGED: "green",
    State.ABSENT: "dim",
    State.INPUTS_CHANGED: "yellow",
    State.DRIFTED: "yellow",
    State.UNSUPPORTED: "red",
}


def document(probes: Mapping[str, HostProbe], plan: Plan) -> dict[str, object]:
    """Return what `status --json` prints."""
    hosts = {name: _host_document(probes[name], host) for name, host in plan.hosts.items()}
    return {"schema": 1, "hosts": hosts}


def _host_document(probe: HostProbe, plan: HostPlan) -> dict[str, object]:
    found = probe.observed
    if found is None:
        return {"reachable": probe.reachable, "error": probe.error, "hint": probe.hint}
    geometries = _geometries(found)
    return {
        "reachable": True,
        "os": found.os,
        "kernel": found.kernel,
        "gpus": [
            {
                "pci": gpu.pci,
                "id": gpu.id,
                "name": gpu.name,
                "uuid": gpu.uuid,
                "mig": list(gpu.mig),
                **({"geometry": geometries[gpu.pci]} if gpu.pci in geometries else {}),
            }
            for gpu in found.gpus
        ],
        "driver": {"loaded": found.driver.loaded, "installed": found.driver.installed},
        "docker": found.docker,
        "toolkit": found.toolkit,
        "infiniband": [
            {"device": port.device, "port": port.port, "state": port.state, "rate": port.rate}
            for port in found.infiniband
        ],
        "workloads": [str(workload) for workload in found.workloads],
        "roles": {name: role.state for name, role in plan.roles.items()},
    }


def screen(probes: Mapping[str, HostProbe], plan: Plan) -> RenderableType:
    """Return the table of the hosts that answered, what ails the others, and one line for all."""
    parts: list[RenderableType] = [_table(probes, plan)]
    for host in plan.unreachable:
        parts += [Text(), words.trouble(host.name, host.error or "", host.hint)]
    return Group(*parts, Text(), Text(headline(plan), style="bold"))


def headline(plan: Plan) -> str:
    """Return the fleet in one line."""
    counts = Counter(_word(host) for host in plan.hosts.values())
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"{words.hosts(len(plan.hosts))}: {told}"


def _word(host: HostPlan) -> str:
    if host.error is not None:
        return "not reached"
    if host.skipped is not None:
        return "without a GPU"
    return (
        "to change" if any(role.state is not State.CONVERGED for role in host.roles.values()) else "converged"
    )


def _table(probes: Mapping[str, HostProbe], plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("host", no_wrap=True, style="bold")
    hosts = [(name, found) for name in plan.hosts if (found := probes[name].observed) is not None]
    columns = {title: [cell(found) for _, found in hosts] for title, cell in _COLUMNS.items()}
    columns = {title: cells for title, cells in columns.items() if set(cells) != {_NONE}}
    for title in columns:
        table.add_column(title, overflow="fold", min_width=len(title), no_wrap=title in _WHOLE)
    table.add_column("roles", overflow="fold")
    for row, (name, _) in enumerate(hosts):
        table.add_row(Text(name), *(Text(cells[row]) for cells in columns.values()), _roles(plan.hosts[name]))
    return table


def _docker(found: Observed) -> str:
    if found.docker is None:
        return _NONE
    return found.docker if found.docker_running else f"{found.docker}\n(stopped)"


def _geometries(found: Observed) -> dict[str, list[str]]:
    """Return the MIG mode and the instances with their places, by PCI address, where the probe asked for them."""
    if found.partitions is None or not found.partitions.driver:
        return {}
    return {gpu.pci: gpu.geometry.lines() for gpu in found.partitions.gpus if gpu.capable}


def _gpus(found: Observed) -> str:
    gpus = found.gpus
    counts = Counter(_name(gpu).removeprefix("NVIDIA ") for gpu in gpus)
    lines = [f"{count}x {name}" for name, count in counts.items()]
    return "\n".join([*lines, *_partitions(found)]) or _NONE


def _partitions(found: Observed) -> list[str]:
    """Return a line for each MIG geometry, with the addresses of its GPUs unless all have the same one."""
    by_text: dict[str, list[str]] = {}
    for gpu in found.gpus:
        by_text.setdefault(_partitioned(gpu, found), []).append(gpu.pci.removeprefix("0000:"))
    if set(by_text) == {""}:
        return []
    if len(by_text) == 1:
        [(text, addresses)] = by_text.items()
        return [text + (f" on {len(addresses)} GPUs" if len(addresses) > 1 else "")]
    return [f"{', '.join(addresses)}: {text}" for text, addresses in by_text.items() if text]


def _partitioned(gpu: Gpu, found: Observed) -> str:
    """Return the geometry of one GPU in words; nothing where it has none."""
    for seen in found.partitions.gpus if found.partitions is not None and found.partitions.driver else ():
        if seen.pci == gpu.pci and (seen.enabled or seen.pending):
            text = f"MIG {partitions.words(seen.geometry)}"
            other = "on" if seen.pending else "off"
            return text if seen.enabled == seen.pending else f"{text}, {other} after a reset"
    return f"MIG {describe(Counter(gpu.mig))}" if gpu.mig else ""


def _name(gpu: Gpu) -> str:
    """Return the driver's name for the GPU, without a driver the product's, and of an unknown one its id."""
    product = boards.gpu(gpu.id)
    return gpu.name or (product.name if product is not None else None) or gpu.id


def _driver(found: Observed) -> str:
    loaded, installed = found.driver.loaded, found.driver.installed
    if found.nouveau_loaded:
        return "nouveau"
    if loaded == installed:
        return loaded or _NONE
    return f"{loaded or 'none'} loaded\n{installed or 'none'} installed"


def _infiniband(found: Observed) -> str:
    counts = Counter(f"{port.state.capitalize()} {port.rate.split(' (')[0]}" for port in found.infiniband)
    return "\n".join(f"{count}x {port}" for port, count in counts.items()) or _NONE


_COLUMNS: Mapping[str, Callable[[Observed], str]] = {
    "system": lambda found: f"{found.os}\n{found.kernel}",
    "GPUs": _gpus,
    "driver": _driver,
    "Docker": _docker,
    "toolkit": lambda found: found.toolkit or _NONE,
    "InfiniBand": _infiniband,
}
"""Title and text of each column; one that has nothing to tell of any host is left out."""


def _roles(host: HostPlan) -> Text:
    if host.skipped is not None:
        return Text(host.skipped, "dim")
    states = [role.state for role in host.roles.values()]
    if len(set(states)) == 1:
        return Text(_state(states[0]), _STYLES[states[0]])
    differing = [(name, role.state) for name, role in host.roles.items() if role.state is not State.CONVERGED]
    return Text("\n").join(Text(f"{name} {_state(state)}", _STYLES[state]) for name, state in differing)


def _state(state: State) -> str:
    return state.replace("_", " ")
