"""MIG: the GPUs are partitioned as they should be, come back so after a boot, and containers get their share."""

import json

from provision.verify.checks.test_container import image_is_there
from provision.verify.evidence import Evidence
from provision.verify.parsing import (
    Partitioned,
    parse_list,
    parse_mig_record,
    parse_profiles,
    parse_query,
    parse_unit,
    told,
)
from provision.verify.wanted import LAYOUT

RECORD = "/etc/provision/mig.json"
MARKER = "/run/provision/mig.json"
BOOT = "/proc/sys/kernel/random/boot_id"
NO_LAYOUT = "no MIG layout"


def test_mig_layout(seen: Evidence) -> None:
    """Every GPU that the layout names has the instances that it should have."""
    record = recorded(seen)
    modes = {gpu.uuid: gpu.mig for gpu in parse_query(seen.command("nvidia_smi").stdout)}
    devices = parse_profiles(seen.command("nvidia_smi_list").stdout)
    for uuid, wanted in record.items():
        if uuid not in modes or uuid not in devices:
            seen.fail(f"GPU {wanted.pci} ({uuid}) is not there", "nvidia_smi", RECORD)
        found = Partitioned(wanted.pci, modes[uuid], devices[uuid])
        if found != wanted:
            seen.fail(f"GPU {wanted.pci} has {found}, not {wanted}", "nvidia_smi_list", RECORD)
    if not record:
        seen.fail("the layout of the inventory has not been applied", RECORD)
    seen.detail("; ".join(dict.fromkeys(told(each.enabled, each.profiles) for each in record.values())))


def test_mig_survives_reboot(seen: Evidence) -> None:
    """The unit that restores the layout is enabled, and has done so in this boot."""
    record = recorded(seen)
    unit = parse_unit(seen.command("provision-mig").stdout)
    evidence = ("provision-mig", "provision-mig_journal", MARKER)
    if not record or not unit.starts_at_boot:
        seen.fail(f"provision-mig.service {unit}", *evidence)
    try:
        marker = json.loads(seen.files.get(MARKER, ""))
        boot, troubles = marker["boot"], marker["troubles"]
    except (ValueError, KeyError, TypeError):
        boot, troubles = "", []
    if troubles:
        seen.fail(f"not restored: {'; '.join(troubles)}", *evidence)
    if boot != seen.files.get(BOOT, "").strip():
        seen.fail("not restored in this boot", *evidence)
    seen.detail("restored in this boot")


def test_container_sees_mig_instance(seen: Evidence) -> None:
    """A container that is given one instance sees exactly that one."""
    devices = [uuid for each in parse_list(seen.command("nvidia_smi_list").stdout).values() for uuid in each]
    if not devices:
        seen.skip("no MIG device")
    image_is_there(seen)
    command = seen.command("container_mig")
    inside = [uuid for each in parse_list(command.stdout).values() for uuid in each]
    if inside != devices[-1:]:
        words = f"sees {', '.join(inside) or 'none'}" if command.ok else command.words
        seen.fail(f"given {devices[-1]}: {words}", "container_mig", "nvidia_smi_list", "docker_journal")
    seen.detail("exactly the one that it was given")


def recorded(seen: Evidence) -> dict[str, Partitioned]:
    """Return how the GPUs should be partitioned; skip the check where nobody asks for anything, or may not."""
    record = parse_mig_record(seen.files.get(RECORD, ""))
    if not record:
        seen.know(LAYOUT)
        if not seen.wanted.mig:
            seen.skip(NO_LAYOUT)
    return record
