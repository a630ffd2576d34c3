"""What became of every host: the plan before, what the playbook told, and the plan after. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from provision.model.observed import HostProbe
from provision.model.plan import HostPlan, Plan, State
from provision.model.run import HostRun, Outcome, RoleOutcome
from provision.runner import Kind
from provision.up.tally import HostTally, Tally


def settle(before: Plan, probes: Mapping[str, HostProbe]) -> dict[str, HostRun]:
    """Return the hosts as they stand before anything runs; those with roles to run count as converged."""
    return {name: _idle(host, probes.get(name)) for name, host in before.hosts.items()}


def settle_run(
    before: Plan, probes: Mapping[str, HostProbe], tally: Tally, after: Plan, log: str
) -> dict[str, HostRun]:
    """Return the hosts as they stand after the run.

    A role that ran and is still not converged has failed, whatever the playbook said; so has one that did not
    run and was undone by one that did.
    """
    hosts = settle(before, probes)
    for name, roles in before.selection.items():
        hosts[name] = _ran(before.hosts[name], roles, tally.hosts.get(name), after.hosts.get(name), log)
    return hosts


def settle_interrupted(before: Plan, probes: Mapping[str, HostProbe], tally: Tally) -> dict[str, HostRun]:
    """Return the hosts as far as they are known when the run is interrupted."""
    hosts = settle(before, probes)
    for name in before.selection:
        told = tally.hosts.get(name)
        outcomes = dict.fromkeys(before.hosts[name].roles, RoleOutcome.SKIPPED)
        outcomes.update(told.roles if told is not None else {})
        hosts[name] = HostRun(Outcome.FAILED, outcomes, _interruption(told), "run `up` again")
    return hosts


def _interruption(told: HostTally | None) -> str:
    if told is None:
        return "interrupted before it was begun"
    if told.finished:
        return "interrupted before it was asked again"
    if told.stopped is not None:
        return told.stopped.reason
    # Nobody can end it from here without leaving a package half installed.
    return f"interrupted during `{told.task}`, which ends by itself; nothing follows it"


def _idle(host: HostPlan, probe: HostProbe | None) -> HostRun:
    if host.skipped is not None:
        return HostRun(Outcome.SKIPPED, reason=host.skipped)
    if host.error is not None:
        outcome = Outcome.FAILED if probe is not None and probe.reachable else Outcome.UNREACHABLE
        return HostRun(outcome, error=host.error, hint=host.hint)
    return HostRun(Outcome.CONVERGED, roles=dict.fromkeys(host.roles, RoleOutcome.SKIPPED))


def _ran(
    before: HostPlan, roles: list[str], tally: HostTally | None, after: HostPlan | None, log: str
) -> HostRun:
    outcomes = dict.fromkeys(before.roles, RoleOutcome.SKIPPED)
    if tally is None or not tally.finished:
        return HostRun(
            Outcome.FAILED, outcomes, "the playbook ended before this host did", f"`{log}` tells why"
        )
    outcomes.update({role: outcome for role, outcome in tally.roles.items() if role in outcomes})
    run = HostRun(Outcome.CONVERGED, outcomes, seconds=tally.seconds, changes=tuple(tally.changes))
    if tally.stopped is not None:
        outcome = {Kind.REFUSED: Outcome.REFUSED, Kind.UNREACHABLE: Outcome.UNREACHABLE}.get(
            tally.stopped.kind, Outcome.FAILED
        )
        hint = tally.stopped.hint or (None if outcome is Outcome.REFUSED else f"`{log}` has the details")
        return replace(run, outcome=outcome, error=tally.stopped.reason, hint=hint)
    if after is None or after.error is not None:
        error = f"the host did not answer after the run: {after.error if after else 'no answer'}"
        return replace(run, outcome=Outcome.FAILED, error=error, hint=after.hint if after else None)
    left = [role for role, planned in after.roles.items() if planned.state is not State.CONVERGED]
    if left:
        ran = [role for role in left if role in roles]
        told = [("ran and is still not converged", ran), ("is no longer converged", sorted({*left} - {*ran}))]
        return replace(
            run,
            outcome=Outcome.FAILED,
            roles=outcomes | dict.fromkeys(left, RoleOutcome.FAILED),
            error="; ".join(f"{what}: {_reasons(after, which)}" for what, which in told if which),
            hint="something on the host undoes it, or a role of ours does not do what it says",
        )
    changed = RoleOutcome.CHANGED in outcomes.values()
    return replace(run, outcome=Outcome.CHANGED if changed else Outcome.CONVERGED)


def _reasons(host: HostPlan, roles: list[str]) -> str:
    told = {role: ", ".join(reason.text for reason in host.roles[role].reasons) for role in roles}
    return "; ".join(f"{role}: {text or 'no reason known'}" for role, text in told.items())
