"""Containers: they see every GPU when they ask, and none when they do not."""

from provision.verify.evidence import Command, Evidence
from provision.verify.parsing import parse_list, parse_query, usable
from provision.verify.wanted import IMAGE

HOW = {"container": "default runtime", "container_cdi": "CDI"}


def test_container_sees_gpus(seen: Evidence) -> None:
    """A container started like a user's sees the host's GPUs, all of them and no others, by uuid."""
    image_is_there(seen)
    gpus = parse_query(seen.command("nvidia_smi").stdout)
    partitioned = [gpu.uuid for gpu in gpus if gpu.mig]
    host = usable(parse_list(seen.command("nvidia_smi_list").stdout), partitioned)
    kind = " MIG devices" if partitioned else ""
    # With MIG the bus says nothing about how many devices there are to see.
    wanted = len(host) if partitioned else len(seen.gpus)
    for name, how in HOW.items():
        if name not in seen.commands and name != "container":
            continue
        command = seen.command(name)
        inside = usable(parse_list(command.stdout), partitioned)
        told = f"{len(set(inside) & set(host))} of {wanted}{kind}, {how}"
        if not command.ok:
            seen.fail(f"{told}: {command.words}", name, "nvidia_smi_list", "docker_journal")
        if set(inside) != set(host) or len(inside) != wanted:
            strange = ", ".join(sorted(set(inside) - set(host)))
            told += f"; not the host's: {strange}" if strange else ""
            seen.fail(told, name, "nvidia_smi_list", "/etc/docker/daemon.json")
    if not wanted:
        seen.fail("MIG mode is on, and there is no MIG device to see", "nvidia_smi_list")
    seen.detail(f"{wanted} of {wanted}{kind}")


def test_container_without_request_sees_none(seen: Evidence) -> None:
    """A container that asks for no GPU gets none, whatever its image asks for."""
    image_is_there(seen)
    command = seen.command("container_void")
    if "started" not in command.stdout.split():
        seen.fail(f"the container did not start: {command.words}", "container_void", "docker_journal")
    nodes = [line for line in command.stdout.splitlines() if line.startswith("/dev/nvidia")]
    if nodes or parse_list(command.stdout):
        found = ", ".join(nodes or parse_list(command.stdout))
        seen.fail(f"sees {found}", "container_void", "/etc/docker/daemon.json")
    seen.detail("none seen")


def image_is_there(seen: Evidence) -> None:
    """Fail where there is no Docker to ask or no image to start; skip where only the run knows the image."""
    if not seen.command("docker_version").ok:
        told = seen.command("docker_version").words
        seen.fail(f"Docker does not answer: {told}", "docker", "docker_journal")
    seen.know(IMAGE)
    hint = f"set `{IMAGE}` to an image that the host can pull"
    if seen.wanted.image is None:
        seen.fail(f"no image to start; {hint}")
    pull: Command | None = seen.commands.get("pull")
    if pull is not None and not pull.ok:
        seen.fail(f"cannot pull `{seen.wanted.image}`: {pull.words}; {hint}", "pull", "image")
