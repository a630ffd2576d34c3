"""Ask the hosts, refuse what cannot work, plan what differs."""

from hashlib import sha256
from pathlib import Path

from provision import content
from provision.model.fleet import Fleet
from provision.model.plan import State
from provision.up.survey import survey
from tests.unit.hosts import host
from tests.unit.up.fake_hosts import FakeHosts, bare, converged, lost


def fleet(**variables: object) -> Fleet:
    return Fleet(Path("fleet.ini"), None, tuple(host(name, variables) for name in ("h1", "h2")))


def test_every_host_is_asked_once_and_planned() -> None:
    hosts = FakeHosts(answers=lambda name: converged(name, "docker_engine") if name == "h1" else lost(name))
    found = survey(fleet(), content.ROLES, hosts)
    assert hosts.asked == [("h1", "h2")]
    assert found.plan.selection == {"h1": ["docker_engine"]}
    assert [host.name for host in found.plan.unreachable] == ["h2"]
    assert found.refusals == ()


def test_full_counts_no_receipt() -> None:
    found = survey(fleet(), ("docker_engine",), FakeHosts(answers=converged), full=True)
    assert found.plan.selection == {"h1": ["docker_engine"], "h2": ["docker_engine"]}


def test_what_cannot_work_is_refused_and_unsupported_in_the_plan() -> None:
    found = survey(fleet(nvidia_driver_version="390"), content.ROLES, FakeHosts(answers=bare))
    assert {refusal.host for refusal in found.refusals} == {"h1", "h2"}
    role = found.plan.hosts["h1"].roles["nvidia_driver"]
    assert role.state is State.UNSUPPORTED
    assert {reason.text for reason in role.reasons} <= {refusal.message for refusal in found.refusals}


def test_a_file_that_a_variable_names_is_handed_over(tmp_path: Path) -> None:
    def state(key: bytes) -> State:
        (tmp_path / "key.asc").write_bytes(key)
        named = host("h1", {"docker_engine_repo_key": "key.asc"}, str(tmp_path))
        before = {"file": "key.asc", "sha256": sha256(b"old").hexdigest()}
        hosts = FakeHosts(answers=lambda name: converged(name, docker_engine_repo_key=before))
        found = survey(Fleet(tmp_path / "fleet.ini", None, (named,)), ("docker_engine",), hosts)
        return found.plan.hosts["h1"].roles["docker_engine"].state

    assert (state(b"old"), state(b"new")) == (State.CONVERGED, State.INPUTS_CHANGED)
