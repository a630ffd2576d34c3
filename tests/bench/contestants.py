"""What is compared: how each is started, and how its output shows that it did what it was to do."""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provision import content
from provision.lab.state import default
from tests.bench import desired, mitogen
from tests.bench.errors import BenchError
from tests.bench.fleet import Hosts, address, ssh
from tests.bench.measure import Sample, run

ROOT = Path(__file__).resolve().parents[2]
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
_TOTAL = re.compile(r"Grand total +(\S+) +(\S+) +(\S+) +(\S+)")

Check = Callable[[Sample], str | None]
"""Returns what is wrong with a run, or None."""


@dataclass(frozen=True)
class Contestant:
    """One way to do the work."""

    name: str
    argv: tuple[str, ...]
    check: Check
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> Sample:
        """Run once, with no connection open from before. Raises BenchError with the output as evidence."""
        with tempfile.TemporaryDirectory(prefix="provision-bench-") as sockets:
            sample = run(self.argv, env={**self.env, "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets}, cwd=ROOT)
        wrong = f"exit code {sample.code}" if sample.code else self.check(sample)
        if wrong:
            raise BenchError(f"{self.name}: {wrong}\n{sample.stdout}\n{sample.stderr}")
        return sample


def converged(hosts: Hosts, tools: Path) -> list[Contestant]:
    """Return everything that can look at a converged fleet; `tools` is the environment of the others."""
    names = hosts.names
    fast = {"ANSIBLE_FORKS": str(hosts.count), "ANSIBLE_PIPELINING": "true"}
    return [
        Contestant(
            "provision",
            _command(hosts, "up"),
            lambda sample: _outcomes(sample.stdout, names, "converged"),
        ),
        Contestant(
            "ansible", *_playbook(hosts, tools, "host_pinned", lambda s: unchanged(s.stdout, names), fast)
        ),
        Contestant(
            "mitogen",
            *_playbook(hosts, tools, "mitogen_host_pinned", lambda s: unchanged(s.stdout, names), fast),
        ),
        _pyinfra(hosts, tools),
        _ssh(hosts),
    ]


def bare(hosts: Hosts, tools: Path) -> list[Contestant]:
    """Return what can provision fresh hosts: ours, Ansible as it comes, and Ansible under Mitogen."""
    names = hosts.names
    plain = {"ANSIBLE_FORKS": "5", "ANSIBLE_PIPELINING": "false"}
    fast = {"ANSIBLE_FORKS": str(hosts.count), "ANSIBLE_PIPELINING": "true"}
    return [
        Contestant(
            "provision",
            (*_command(hosts, "up"), "--yes", "--no-verify"),
            lambda sample: _outcomes(sample.stdout, names, "changed"),
        ),
        Contestant("ansible", *_playbook(hosts, tools, "linear", lambda s: through(s.stdout, names), plain)),
        Contestant(
            "mitogen",
            *_playbook(hosts, tools, "mitogen_host_pinned", lambda s: through(s.stdout, names), fast),
        ),
    ]


def verify(hosts: Hosts) -> Contestant:
    """Return `provision verify`, a container on every host included."""
    return Contestant("provision", _command(hosts, "verify"), lambda _: None)


def help_page(provision: Path) -> Contestant:
    """Return what shows the start-up alone."""
    return Contestant("provision", (str(provision), "--help"), lambda _: None)


def unchanged(recap: str, names: list[str]) -> str | None:
    """Tell which host Ansible's recap lacks, or says to have changed or failed. Pure."""
    found = {name: tuple(map(int, counts)) for name, *counts in _RECAP.findall(recap)}
    return _first(names, found.get, (0, 0, 0), "changed, unreachable, failed")


def through(recap: str, names: list[str]) -> str | None:
    """Tell which host Ansible's recap lacks, or says to have failed. Pure."""
    found = {name: tuple(map(int, counts)) for name, _, *counts in _RECAP.findall(recap)}
    return _first(names, found.get, (0, 0), "unreachable, failed")


def nothing_done(results: str) -> str | None:
    """Tell whether pyinfra's table of results counts a change or an error. Pure."""
    total = _TOTAL.search(results)
    if total is None:
        return "no table of results"
    _, changed, errors, unchanged_ = total.groups()
    if (changed, errors) != ("-", "-") or unchanged_ == "-":
        return f"changed: {changed}, errors: {errors}, no change: {unchanged_}"
    return None


def _command(hosts: Hosts, name: str) -> tuple[str, ...]:
    return (str(hosts.provision), name, "--inventory", str(hosts.inventory), "--json")


def _outcomes(output: str, names: list[str], wanted: str) -> str | None:
    found = json.loads(output)["hosts"]
    return _first(names, lambda name: found.get(name, {}).get("outcome"), wanted, "outcome")


def _first(names: list[str], of: Callable[[str], object], wanted: object, what: str) -> str | None:
    return next((f"{name}: {what} is {of(name)}, not {wanted}" for name in names if of(name) != wanted), None)


def _playbook(
    hosts: Hosts, tools: Path, strategy: str, check: Check, env: Mapping[str, str]
) -> tuple[tuple[str, ...], Check, Mapping[str, str]]:
    playbook = _with_strategy(hosts.folder, strategy)
    argv = (str(tools / "bin/ansible-playbook"), "--inventory", str(hosts.inventory), str(playbook))
    plugins: dict[str, str] = {}
    if strategy.startswith("mitogen"):
        copies = mitogen.write(hosts.folder / "mitogen")
        plugins = {
            "ANSIBLE_STRATEGY_PLUGINS": str(_mitogen(tools)),
            "ANSIBLE_LIBRARY": str(copies / "modules"),
            "ANSIBLE_MODULE_UTILS": str(copies / "module_utils"),
        }
    return argv, check, {**content.environment(), "ANSIBLE_NOCOLOR": "1", **plugins, **env}


def _with_strategy(folder: Path, strategy: str) -> Path:
    """Write playbooks/site.yml with another strategy: the play's own goes before the configured one."""
    playbooks = ROOT / "playbooks"
    copy = folder / f"site_{strategy}.yml"
    text = (playbooks / "site.yml").read_text()
    copy.write_text(
        text.replace("strategy: host_pinned", f"strategy: {strategy}").replace(
            "import_tasks: tasks/", f"import_tasks: {playbooks}/tasks/"
        )
    )
    return copy


def _mitogen(tools: Path) -> Path:
    found = next(tools.glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy"), None)
    if found is None:
        raise BenchError(f"no Mitogen in {tools}: `scripts/bench` installs it")
    return found


def _pyinfra(hosts: Hosts, tools: Path) -> Contestant:
    state = default()
    described = {
        "hosts": [
            {
                "name": name,
                "ssh_hostname": address(name),
                "ssh_user": "admin",
                "ssh_key": str(state.key),
                "ssh_known_hosts_file": str(state.known_hosts),
                "ssh_strict_host_key_checking": "yes",
                "_sudo": True,
            }
            for name in hosts.names
        ],
        "desired": desired.read(hosts),
    }
    file = hosts.inventory.with_name("pyinfra.json")
    file.write_text(json.dumps(described, indent=1))
    folder = ROOT / "tests/bench/pyinfra"
    return Contestant(
        "pyinfra",
        (str(tools / "bin/pyinfra"), "--yes", str(folder / "inventory.py"), str(folder / "deploy.py")),
        lambda sample: nothing_done(sample.stdout + sample.stderr),
        {"PROVISION_BENCH": str(file)},
    )


def _ssh(hosts: Hosts) -> Contestant:
    addresses = [f"admin@{address(name)}" for name in hosts.names]
    all_at_once = (
        f"printf '%s\\n' {' '.join(addresses)} | xargs -P {hosts.count} -I HOST {' '.join(ssh())} HOST true"
    )
    return Contestant("ssh", ("/bin/sh", "-c", all_at_once), lambda _: None)
