"""Every bad input: one clear error with its cure, the right exit code, and no host touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .lab import INVENTORY, STATE, Command, lab, provision, remote, run

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("fleet")]

_MARK = "/var/tmp/before"
_TOUCHED = f"find /etc /usr /opt /var/lib -xdev -newer {_MARK} -type f -not -path /var/lib/systemd/timers/\\*"


@contextmanager
def untouched(*servers: str) -> Iterator[None]:
    """Fail when a file of these servers changed meanwhile."""
    for server in servers:
        remote(server, f"touch {_MARK}; sleep 0.1")
    yield
    for server in servers:
        assert remote(server, _TOUCHED) == "", f"{server} was touched"


@contextmanager
def fault(server: str, name: str) -> Iterator[None]:
    """Have a server broken in one way."""
    lab("fault", server, name, "on")
    try:
        yield
    finally:
        lab("fault", server, name, "off")


def inventory(directory: Path, *replacements: tuple[str, str], append: str = "") -> Path:
    """Write a copy of the lab's inventory with something else in it."""
    text = INVENTORY.read_text()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    path = directory / "fleet.ini"
    path.write_text(text + append)
    return path


def refused(done: Command, code: int, *words: str) -> None:
    """Expect an error in words, with a hint, and nothing that only a programmer can read."""
    told = done.stdout + done.stderr
    assert done.code == code, done
    assert "Traceback" not in told, done
    assert "hint: " in told, done
    for word in words:
        assert word in told, done


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nvidia_driver_versoin=580", ("nvidia_driver_versoin", "nvidia_driver_version", "fleet.ini:")),
        ("docker_engine_users=admin", ("docker_engine_users", "a list", "fleet.ini:")),
        ("nvidia_driver_flavour=closed", ("closed", "auto", "open", "proprietary")),
        ("nvidia_driver_allow_reboot=perhaps", ("nvidia_driver_allow_reboot", "perhaps")),
    ],
)
def test_variables_that_no_role_knows(tmp_path: Path, line: str, words: tuple[str, ...]) -> None:
    path = inventory(tmp_path, append=f"\n[a100:vars]\n{line}\n")
    with untouched("a100-01"):
        refused(provision("up", inventory=path), 2, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("fleet.ini",)),
        ("[gpu\nhost1", ("fleet.ini",)),
        ("", ("fleet.ini",)),
    ],
)
def test_inventories_that_cannot_be_read(tmp_path: Path, content: str | None, words: tuple[str, ...]) -> None:
    path = tmp_path / "fleet.ini"
    if content is not None:
        path.write_text(content)
    refused(provision("up", inventory=path), 2, *words)


@pytest.mark.parametrize("limit", ["a1000", "nowhere-*", "hgx:!hgx01"])
def test_limits_that_match_nothing(limit: str) -> None:
    refused(provision("plan", "--limit", limit), 2, limit)


def test_roles_that_do_not_exist() -> None:
    refused(provision("plan", "--only", "nvidia_drivers"), 2, "nvidia_drivers", "nvidia_driver")


@pytest.mark.parametrize(
    ("group", "lines", "words"),
    [
        ("v100", ("nvidia_driver_version=595.91.07",), ("v100-01", "595", "580")),
        ("v100", ("nvidia_driver_flavour=open",), ("v100-01", "open", "proprietary")),
        ("hgx", ("nvidia_driver_version=999.1",), ("hgx01", "999.1")),
    ],
)
def test_drivers_that_do_not_fit(
    tmp_path: Path, group: str, lines: tuple[str, ...], words: tuple[str, ...]
) -> None:
    path = inventory(tmp_path, append=f"\n[{group}:vars]\n" + "\n".join(lines) + "\n")
    with untouched("v100-01", "hgx01"):
        refused(provision("up", inventory=path), 3, *words)


def test_a_driver_version_that_the_repository_lacks(tmp_path: Path) -> None:
    """Its branch is known; only the repository can tell that it lacks it, and the host tells all it has."""
    path = inventory(tmp_path, append="\n[a100:vars]\nnvidia_driver_version=580.1.2\n")
    with untouched("a100-01"):
        done = provision("up", "--limit", "a100-01", inventory=path)
        refused(done, 3, "a100-01", "there is no driver 580.1.2", "versions that exist: ", "580.178.04")


def test_a_malformed_daemon_json_is_left_alone() -> None:
    path = "/etc/docker/daemon.json"
    remote("a100-01", f"cp -p {path} /var/tmp/daemon.json")
    try:
        remote("a100-01", f'printf "{{\\n  \\"debug\\": true,\\n}}\\n" > {path}')
        broken = remote("a100-01", f"sha256sum {path}")
        done = provision("up", "--limit", "a100-01", "--only", "docker_engine")
        refused(done, 1, "a100-01", path, "line 3")
        assert remote("a100-01", f"sha256sum {path}") == broken
    finally:
        remote("a100-01", f"cp -p /var/tmp/daemon.json {path}")
    again = provision("up", "--limit", "a100-01", "--only", "docker_engine", "--no-verify")
    assert again.code == 0, again


def test_a_key_that_the_host_does_not_take(tmp_path: Path) -> None:
    key = tmp_path / "other"
    assert run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).code == 0
    path = inventory(tmp_path, ("~/.local/state/provision-lab/id_ed25519", str(key)))
    refused(provision("up", "--limit", "a100-01", inventory=path), 1, "a100-01", str(key))


def test_a_host_key_that_nobody_vouched_for(tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text("")
    path = inventory(tmp_path, ("~/.local/state/provision-lab/known_hosts", str(known)))
    refused(provision("up", "--limit", "a100-01", inventory=path), 1, "a100-01", "host key", "known_hosts")
    assert known.read_text() == ""


def test_a_user_who_may_not_become_root(tmp_path: Path) -> None:
    remote("a100-01", "id nobody-special || useradd --create-home --shell /bin/sh nobody-special")
    remote("a100-01", "install -d -o nobody-special -m 700 /home/nobody-special/.ssh")
    public = (STATE / "id_ed25519.pub").read_text().strip()
    remote("a100-01", f'echo "{public}" > /home/nobody-special/.ssh/authorized_keys')
    path = inventory(tmp_path, ("ansible_user=admin", "ansible_user=nobody-special"))
    try:
        with untouched("a100-01"):
            refused(provision("up", "--limit", "a100-01", inventory=path), 1, "a100-01", "sudo")
    finally:
        remote("a100-01", "userdel --remove nobody-special", check=False)


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("no_python", "failed", "no Python on the host"),
        ("unreachable", "unreachable", "198.18.77.12 port 22"),
    ],
)
def test_hosts_that_cannot_be_worked_on(name: str, outcome: str, words: str) -> None:
    with fault("a100-01", name):
        done = provision("up", "--json")
    hosts = done.json["hosts"]
    assert done.code == 1, done
    assert hosts["a100-01"]["outcome"] == outcome
    assert words in hosts["a100-01"]["error"]
    assert {hosts[name]["outcome"] for name in ("hgx01", "v100-01")} == {"converged"}


def test_unsigned_modules_under_secure_boot(tmp_path: Path) -> None:
    path = inventory(tmp_path, append="\n[a100:vars]\nnvidia_driver_version=580.95.05\n")
    with fault("a100-01", "secure_boot"), untouched("a100-01"):
        done = provision("up", "--limit", "a100-01", "--only", "nvidia_driver", inventory=path)
        refused(
            done, 3, "a100-01", "Secure Boot is on and no key of this host is enrolled", "mokutil --import"
        )


def test_a_full_disk_says_so() -> None:
    with fault("a100-01", "disk_full"):
        done = provision("up", "--limit", "a100-01", "--full", "--json")
    host = done.json["hosts"]["a100-01"]
    assert (done.code, host["outcome"]) == (1, "failed"), done
    assert host["error"] == "the role could not leave its receipt: no space left in /var/lib/provision", done
    again = provision("up", "--limit", "a100-01", "--no-verify")
    assert again.code == 0, again


def test_a_busy_package_manager_is_waited_for() -> None:
    """Another apt holds the lock for a while: nothing is removed, nothing fails."""
    remote("v100-01", "apt-mark unhold nvidia-container-toolkit")
    lab("fault", "v100-01", "apt_lock", "on")
    with run_later(5, "v100-01", "apt_lock"):
        done = provision("up", "--limit", "v100-01", "--no-verify")
    assert done.code == 0, done
    assert "nvidia-container-toolkit" in remote("v100-01", "apt-mark showhold").split()


@contextmanager
def run_later(seconds: float, server: str, name: str) -> Iterator[None]:
    """Switch a fault off after a while."""
    from threading import Timer

    timer = Timer(seconds, lab, args=("fault", server, name, "off"))
    timer.start()
    try:
        yield
    finally:
        timer.join()
