"""A plan on a screen and as a document."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypedDict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from provision.model.plan import Disruption, HostPlan, Plan, Predictions, RolePlan, State
from provision.report import partitions, words

_SIGNS = {
    State.ABSENT: ("+", "green"),
    State.INPUTS_CHANGED: ("~", "yellow"),
    State.DRIFTED: ("~", "yellow"),
    State.UNSUPPORTED: ("!", "bold red"),
}
_WORDS = {
    Disruption.REBOOT: "a reboot",
    Disruption.DOCKER_RESTART: "a restart of Docker",
    Disruption.GPU_RESET: "a GPU reset",
    Disruption.MIG_DESTROY: "the loss of MIG instances",
}


class Document(TypedDict):
    """What `plan --json` prints."""

    schema: int
    hosts: dict[str, dict[str, object]]
    summary: dict[str, int]


def document(plan: Plan) -> Document:
    """Return the plan for a machine; with predictions, each host has its `changes` and its `diff` too."""
    hosts = {name: _host_document(host) for name, host in plan.hosts.items()}
    if plan.predictions is not None:
        hosts = {name: {**host, **_predicted(name, plan.predictions)} for name, host in hosts.items()}
    return Document(
        schema=1,
        hosts=hosts,
        summary={"hosts": len(plan.hosts), "to_change": len(plan.selection)},
    )


def _host_document(host: HostPlan) -> dict[str, object]:
    return {
        "roles": {
            name: {
                "state": role.state,
                "reasons": [reason.text for reason in role.reasons],
                "disruption": list(role.disruption),
                "workloads": [str(workload) for workload in role.workloads],
                **_gpus(role),
            }
            for name, role in host.roles.items()
        },
        "skipped": host.skipped,
        "error": host.error,
        "hint": host.hint,
    }


def _predicted(name: str, predictions: Predictions) -> dict[str, object]:
    changes = [change for change in predictions.changes if change.host == name]
    found: dict[str, object] = {
        "changes": [[change.role, subject] for change in changes for subject in change.subjects],
        "diff": [{"role": each.role, "task": each.task, "diff": each.diff} for each in changes],
    }
    for trouble in predictions.troubles:
        if trouble.host == name:
            return {**found, "error": trouble.message, "hint": trouble.hint or None}
    return found


def _gpus(role: RolePlan) -> dict[str, object]:
    """Return what only a role has that partitions GPUs."""
    found: dict[str, object] = {}
    if role.gpus:
        found["gpus"] = [
            {
                "pci": gpu.pci,
                "uuid": gpu.uuid,
                "before": gpu.before.lines(),
                "after": gpu.after.lines(),
                "stays": list(map(str, gpu.stays)),
                "goes": list(map(str, gpu.goes)),
                "in_the_way": list(gpu.in_the_way),
                "stops": list(gpu.stops),
            }
            for gpu in role.gpus
        ]
    if role.refusal is not None:
        found["refusal"], found["hint"] = role.refusal, role.hint
    return found


def screen(plan: Plan) -> RenderableType:
    """Return the plan for a person: a block for each host that changes, one line for all others."""
    parts: list[RenderableType] = []
    for host in plan.hosts.values():
        if any(role.state is not State.CONVERGED for role in host.roles.values()):
            parts += [_block(host), Text()]
    for host in plan.unreachable:
        parts += [words.trouble(host.name, host.error or "", host.hint), Text()]
    quiet = _quiet(plan.hosts.values())
    parts += [Text(line, "dim") for line in [*quiet, *([""] if quiet else [])]]
    return Group(*parts, Text(headline(plan), style="bold"))


def _block(host: HostPlan) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, role in host.roles.items():
        if role.state is not State.CONVERGED:
            sign, style = _SIGNS[role.state]
            told = [line for gpu in role.gpus if gpu.changes for line in partitions.lines(gpu)]
            reasons = [reason.text for reason in role.reasons]
            table.add_row(Text(sign, style), Text(name), Text("\n".join([*reasons, *told])))
    lines: list[RenderableType] = [Text(host.name, "bold"), Padding(table, (0, 0, 0, 2))]
    warning = _warning(host.roles)
    if warning:
        lines.append(Padding(Text(warning, "yellow"), (0, 0, 0, 2)))
    for role in host.roles.values():
        if role.refusal is not None:
            lines.append(Padding(words.trouble("refused", role.refusal, role.hint), (0, 0, 0, 2)))
    return Group(*lines)


def _warning(roles: Mapping[str, RolePlan]) -> str | None:
    disruption = {word for role in roles.values() for word in role.disruption}
    if not disruption:
        return None
    text = f"may need {words.listed(_WORDS[word] for word in Disruption if word in disruption)}"
    hit = dict.fromkeys(str(workload) for role in roles.values() for workload in role.workloads)
    return f"{text}, which would end {words.listed(hit)}" if hit else text


def _quiet(hosts: Iterable[HostPlan]) -> list[str]:
    lines: dict[str, list[str]] = {}
    for host in hosts:
        if host.skipped is not None:
            lines.setdefault(f"skipped, {host.skipped}", []).append(host.name)
        elif _is_converged(host):
            lines.setdefault("no changes", []).append(host.name)
    return [f"{', '.join(names)}: {line}" for line, names in lines.items()]


def headline(plan: Plan) -> str:
    """Return the plan in one line."""
    hosts = plan.hosts.values()
    unsupported = sum(_has(host, State.UNSUPPORTED) for host in hosts)
    refused = sum(any(role.refusal is not None for role in host.roles.values()) for host in hosts)
    if not plan.selection and not plan.unreachable and not unsupported:
        return words.NO_CHANGES
    counts = Counter(name for names in plan.selection.values() for name in names)
    unchanged = sum(_is_converged(host) for host in hosts)
    told = [f"{name} on {words.hosts(count)}" for name, count in counts.items()] or ["nothing to apply"]
    told += [f"{words.hosts(unchanged)} unchanged"] if unchanged else []
    told += [f"{words.hosts(unsupported)} unsupported"] if unsupported else []
    told += [f"{words.hosts(refused)} refused"] if refused else []
    told += [f"{words.hosts(len(plan.unreachable))} not reached"] if plan.unreachable else []
    line = f"Plan: {', '.join(told)}."
    reboots = sum(any(Disruption.REBOOT in role.disruption for role in host.roles.values()) for host in hosts)
    return f"{line} {words.hosts(reboots)} may reboot." if reboots else line


def _has(host: HostPlan, state: State) -> bool:
    return any(role.state is state for role in host.roles.values())


def _is_converged(host: HostPlan) -> bool:
    return bool(host.roles) and all(role.state is State.CONVERGED for role in host.roles.values())
