"""The driver: loaded, of one version, held, and seeing every GPU that is on the PCI bus."""

from provision.verify.evidence import Evidence
from provision.verify.parsing import (
    is_held,
    library_version,
    parse_fabric,
    parse_packages,
    parse_query,
    parse_unit,
    upstream,
)


def test_driver_loaded(seen: Evidence) -> None:
    """The kernel module is loaded."""
    if seen.driver is None:
        others = "; nouveau is" if "/sys/module/nouveau/refcnt" in seen.files else ""
        seen.fail(f"kernel module nvidia is not loaded on kernel {seen.kernel}{others}", "modinfo", "dmesg")
    seen.detail(seen.driver)


def test_driver_matches_library(seen: Evidence) -> None:
    """Loaded module, module on disk and user-space library are of one version."""
    versions = {"loaded module": seen.driver, "library": library_version(seen.command("library").stdout)}
    on_disk = seen.command("modinfo")
    if on_disk.ok and on_disk.stdout.strip():
        versions["module on disk"] = on_disk.stdout.strip()
    if len(set(versions.values())) != 1 or None in versions.values():
        told = ", ".join(f"{what} {version or 'missing'}" for what, version in versions.items())
        seen.fail(told, "/proc/driver/nvidia/version", "library", "modinfo", "nvidia_smi_list")
    if "mismatch" in seen.command("nvidia_smi_list").stdout:
        seen.fail("nvidia-smi sees a driver/library version mismatch", "nvidia_smi_list", "library")
    seen.detail(str(seen.driver))


def test_driver_held(seen: Evidence) -> None:
    """No upgrade of the system can move any package of the driver."""
    packages = parse_packages(seen.command("packages").stdout)
    ours = [name for name, version in packages.items() if upstream(version) == seen.driver]
    if not ours:
        seen.fail(f"no package of driver {seen.driver or '(not loaded)'} is installed", "packages")
    loose = [name for name in ours if not is_held(name, seen.command("held").stdout)]
    if loose:
        seen.fail(f"not held: {', '.join(loose)}", "held", "packages")
    seen.detail(f"{len(ours)} packages at {seen.driver}")


def test_gpus_visible(seen: Evidence) -> None:
    """nvidia-smi sees exactly the GPUs that are on the PCI bus."""
    addresses = {gpu.bus for gpu in parse_query(seen.command("nvidia_smi").stdout)}
    missing = sorted(set(seen.gpus) - addresses)
    if missing or not seen.command("nvidia_smi").ok:
        told = f"{len(seen.gpus) - len(missing)} of {len(seen.gpus)}"
        told += f", missing {', '.join(missing)}" if missing else f", {seen.command('nvidia_smi').words}"
        seen.fail(told, "nvidia_smi", "nvidia_smi_list", "dmesg")
    seen.detail(f"{len(addresses)} of {len(seen.gpus)}")


def test_persistence(seen: Evidence) -> None:
    """The persistence daemon runs, starts at boot, and has every GPU."""
    unit = parse_unit(seen.command("nvidia-persistenced").stdout)
    evidence = ("nvidia-persistenced", "nvidia-persistenced_journal", "nvidia_smi")
    if not unit.runs or not unit.starts_at_boot:
        seen.fail(f"nvidia-persistenced {unit}", *evidence)
    gpus = parse_query(seen.command("nvidia_smi").stdout)
    without = [gpu.bus for gpu in gpus if not gpu.persistence]
    if without or not gpus:
        seen.fail(f"no persistence mode on {', '.join(without) or 'any GPU'}", *evidence)
    seen.detail(f"{len(gpus)} of {len(seen.gpus)}")


def test_fabric_manager(seen: Evidence) -> None:
    """Where NVSwitches join GPUs: Fabric Manager runs, at the driver's version, and the fabric is up."""
    if not seen.nvswitches and not seen.nvlink5:
        seen.skip("no NVSwitch")
    unit = parse_unit(seen.command("nvidia-fabricmanager").stdout)
    evidence = ("nvidia-fabricmanager", "nvidia-fabricmanager_journal", "packages")
    if not unit.runs or not unit.starts_at_boot:
        seen.fail(f"nvidia-fabricmanager {unit}", *evidence)
    packages = parse_packages(seen.command("packages").stdout)
    versions = {
        upstream(version)
        for name, version in packages.items()
        if name.replace("-", "").startswith("nvidiafabricmanager") and not name.endswith("-devel")
    }
    if versions != {seen.driver}:
        told = ", ".join(sorted(versions)) or "not a package"
        seen.fail(f"Fabric Manager {told} with driver {seen.driver}: they must be equal", *evidence)
    fabric = parse_fabric(seen.command("nvidia_smi_full").stdout)
    unready = [" ".join(each) for each in fabric if each != ("Completed", "Success") and each[0] != "N/A"]
    if unready:
        seen.fail(f"fabric of {len(unready)} GPUs: {', '.join(sorted(set(unready)))}", *evidence)
    joined = f"NVSwitches: {len(seen.nvswitches)}" if seen.nvswitches else "NVLink 5"
    seen.detail(f"{joined}, version {seen.driver}")
