"""Docker and the NVIDIA Container Toolkit: running, configured, held, and described by a current CDI file."""

from provision.verify.evidence import Evidence
from provision.verify.parsing import (
    is_held,
    parse_cdi,
    parse_info,
    parse_list,
    parse_packages,
    parse_query,
    parse_unit,
    usable,
)
from provision.verify.wanted import CDI, DEFAULT_RUNTIME, USERS

TOOLKIT = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)


def test_docker_running(seen: Evidence) -> None:
    """The engine runs, starts at boot and answers."""
    unit = parse_unit(seen.command("docker").stdout)
    version = seen.command("docker_version")
    if not unit.runs or not unit.starts_at_boot or not version.ok:
        told = f"docker.service {unit}"
        told += "" if version.ok else f"; {version.words}"
        seen.fail(told, "docker", "docker_version", "docker_journal", "/etc/docker/daemon.json")
    seen.detail(version.stdout.strip())


def test_default_runtime(seen: Evidence) -> None:
    """The engine that runs has NVIDIA's runtime, as its default unless the inventory says no."""
    info = parse_info(seen.command("docker_info").stdout)
    evidence = ("/etc/docker/daemon.json", "docker_journal")
    if "nvidia" not in (info.get("Runtimes") or {}):
        known = ", ".join(info.get("Runtimes") or {}) or seen.command("docker_info").words
        seen.fail(f"the engine has no runtime nvidia: {known}", *evidence)
    seen.know(DEFAULT_RUNTIME)
    default = info.get("DefaultRuntime")
    if seen.wanted.default_runtime and default != "nvidia":
        seen.fail(f"the default runtime is {default}", *evidence)
    seen.detail(str(default))


def test_toolkit_held(seen: Evidence) -> None:
    """The four packages of the toolkit are of one version, and no upgrade can move them."""
    packages = parse_packages(seen.command("packages").stdout)
    absent = [name for name in TOOLKIT if name not in packages]
    if absent:
        seen.fail(f"not installed: {', '.join(absent)}", "packages")
    versions = sorted({packages[name] for name in TOOLKIT})
    if len(versions) > 1:
        seen.fail(f"of several versions: {', '.join(versions)}", "packages")
    loose = [name for name in TOOLKIT if not is_held(name, seen.command("held").stdout)]
    if loose:
        seen.fail(f"not held: {', '.join(loose)}", "held")
    seen.detail(versions[0])


def test_cdi_spec_current(seen: Evidence) -> None:
    """The CDI specification in force has the GPUs that are there and the loaded driver's libraries."""
    seen.know(CDI)
    if not seen.wanted.cdi:
        seen.skip(f"{CDI} is false")
    specs = parse_cdi(seen.files)
    shown = tuple(sorted(set(specs.devices.values())))
    if specs.broken:
        seen.fail(f"cannot be read: {', '.join(specs.broken)}", *specs.broken)
    if specs.conflicts:
        told = f"defined by two files of one folder, which removes them: {', '.join(specs.conflicts)}"
        seen.fail(told, *(path for path in seen.files if "/cdi/" in path))
    if not specs.devices:
        seen.fail("no CDI specification of nvidia.com/gpu in /etc/cdi or /var/run/cdi", "cdi_list")
    if specs.drivers != (seen.driver,):
        told = ", ".join(specs.drivers) or "no driver"
        seen.fail(f"written for driver {told}, loaded is {seen.driver}", "cdi_list", *shown)
    gpus = parse_query(seen.command("nvidia_smi").stdout)
    listing = parse_list(seen.command("nvidia_smi_list").stdout)
    present = usable(listing, (gpu.uuid for gpu in gpus if gpu.mig))
    numbered = [name for name in specs.devices if name.replace(":", "").isdigit()]
    if specs.uuids and set(specs.uuids) != set(present):
        gone, new = set(specs.uuids) - set(present), set(present) - set(specs.uuids)
        told = "; ".join(
            f"{what}: {', '.join(sorted(names))}" for what, names in (("gone", gone), ("new", new)) if names
        )
        seen.fail(f"GPUs have changed since it was written, {told}", "nvidia_smi_list", "cdi_list")
    if not specs.uuids and len(numbered) != len(present):
        seen.fail(f"{len(numbered)} devices for {len(present)} GPUs", "nvidia_smi_list", "cdi_list")
    seen.detail(f"{len(present)} of {len(present)}, driver {seen.driver}")


def test_unprivileged_user_in_docker_group(seen: Evidence) -> None:
    """Every user that the inventory lists can use Docker without root."""
    seen.know(USERS)
    users = seen.wanted.users
    if not users:
        seen.skip(f"{USERS} is empty")
    for user in users:
        groups = seen.command(f"groups_{user}")
        if "docker" not in groups.stdout.split():
            seen.fail(f"{user} is not in group docker", f"groups_{user}")
        if not seen.command(f"docker_as_{user}").ok:
            told = seen.command(f"docker_as_{user}").words
            seen.fail(f"{user} cannot reach Docker: {told}", f"docker_as_{user}", f"groups_{user}")
    seen.detail(", ".join(users))
