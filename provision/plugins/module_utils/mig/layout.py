"""MIG layouts as people write them: a label, a list of entries, or a label of a mig-parted file.

The entry form is the one of mig-parted's configuration files, version v1 (NVIDIA/mig-parted, api/spec/v1):
`devices`, `device-filter`, `mig-enabled`, `mig-devices`. `devices` may also name GPUs by UUID or PCI address.
Labels are computed from what each GPU offers, so they need no list per board.

Everything here is pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from .gpu import GpuInstanceSpec, MigGpu, Target
from .profiles import Profile

_PROFILE = re.compile(r"^(?:(?P<c>\d+)c\.)?(?P<gi>(?P<g>\d+)g\.(?P<gb>\d+)gb(?P<attributes>[+-][a-z.,]+)?)$")
_FILTER = re.compile(r"^0x([0-9a-fA-F]{4})([0-9a-fA-F]{4})(?::0x([0-9a-fA-F]{4})([0-9a-fA-F]{4}))?$")
_ENTRY_KEYS = {"devices", "device-filter", "mig-enabled", "mig-devices"}


class LayoutError(Exception):
    """The layout is not written as it should be, or names what the GPU does not have."""


Layout = Union[str, Sequence[Mapping[str, Any]]]


def parse(value: Any) -> Optional[Layout]:  # noqa: ANN401 - whatever a variable holds
    """Return the layout that a variable holds, None where it holds none. Raises LayoutError."""
    if value in (None, "", []):
        return None
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise LayoutError(f"the MIG layout is not JSON: {error}") from error
    found: Layout = value
    return found


def resolve(
    layout: Layout, gpus: Sequence[MigGpu], configurations: Optional[Mapping[str, Any]] = None
) -> Dict[str, Target]:
    """Return what each GPU (by UUID) should become; GPUs that the layout does not name are not in the answer.

    `configurations` is the parsed mig-parted file, where one is used; `layout` is then a label in it.
    Raises LayoutError.
    """
    if configurations is not None:
        return _from_entries(_labelled(configurations, layout), gpus)
    if isinstance(layout, str):
        return _from_label(layout, gpus)
    return _from_entries(layout, gpus)


def _labelled(configurations: Mapping[str, Any], label: Layout) -> Sequence[Mapping[str, Any]]:
    if configurations.get("version") != "v1":
        raise LayoutError(
            f"version `{configurations.get('version')}` of the MIG configuration file is not `v1`"
        )
    unknown = set(configurations) - {"version", "mig-configs"}
    if unknown:
        raise LayoutError(f"unknown key `{sorted(unknown)[0]}` in the MIG configuration file")
    labels = configurations.get("mig-configs")
    if not isinstance(labels, Mapping) or not labels:
        raise LayoutError("`mig-configs` of the MIG configuration file is empty")
    if not isinstance(label, str) or label not in labels:
        raise LayoutError(
            f"layout `{label}` is not in the MIG configuration file, which has {', '.join(labels)}"
        )
    entries: Sequence[Mapping[str, Any]] = labels[label]
    return entries


def _from_label(label: str, gpus: Sequence[MigGpu]) -> Dict[str, Target]:
    capable = [gpu for gpu in gpus if gpu.capable]
    if not capable:
        raise LayoutError(f"layout `{label}` was asked for, but no GPU of this host is capable of MIG")
    if label == "all-disabled":
        return {gpu.uuid: Target(enabled=False) for gpu in capable}
    if label == "all-enabled":
        return {gpu.uuid: Target(enabled=True) for gpu in capable}
    if label == "all-balanced":
        return {gpu.uuid: Target(enabled=True, instances=_balanced(gpu)) for gpu in capable}
    if label.startswith("all-"):
        return {gpu.uuid: Target(enabled=True, instances=_uniform(label, gpu)) for gpu in capable}
    raise LayoutError(
        f"layout `{label}` is unknown: write `all-disabled`, `all-balanced`, `all-PROFILE` or a list"
    )


def _uniform(label: str, gpu: MigGpu) -> Tuple[GpuInstanceSpec, ...]:
    asked = label[len("all-") :]
    for profile in gpu.profiles.values():
        # mig-parted writes the `+` of an attribute as a dot in labels.
        if asked in (profile.name, profile.name.replace("+", ".")):
            return (GpuInstanceSpec(profile.name, (profile.slices,)),) * profile.limit
    raise LayoutError(_not_offered(asked, gpu))


def _balanced(gpu: MigGpu) -> Tuple[GpuInstanceSpec, ...]:
    """Return two of the smallest, one 2g and, where the GPU has it, one 3g: mig-parted's recipe."""
    plain: Dict[int, Profile] = {}
    for profile in gpu.profiles.values():
        parsed = _parse_profile(profile.name)
        known = plain.get(profile.slices)
        if not parsed.attributes and (
            known is None or parsed.gigabytes < _parse_profile(known.name).gigabytes
        ):
            plain[profile.slices] = profile
    if 1 not in plain or 2 not in plain:
        raise LayoutError(f"GPU {gpu.pci} has no balanced layout: it lacks 1g or 2g profiles")
    chosen = [plain[1], plain[1], plain[2], *([plain[3]] if 3 in plain else [])]
    return tuple(GpuInstanceSpec(profile.name, (profile.slices,)) for profile in reversed(chosen))


def _from_entries(entries: Sequence[Mapping[str, Any]], gpus: Sequence[MigGpu]) -> Dict[str, Target]:
    """Apply the entries in order; where two name the same GPU the later one holds, as with mig-parted.

    An entry with a filter may match nothing: files for a whole fleet name every board that it has.
    """
    if not isinstance(entries, list) or not entries:
        raise LayoutError(f"the MIG layout must be a label or a list of entries, not `{entries}`")
    targets: Dict[str, Target] = {}
    for number, entry in enumerate(entries, start=1):
        _check_entry(entry, number)
        matching = [gpu for gpu in gpus if _selected(entry, gpu, gpus, number)]
        if not matching and not entry.get("device-filter"):
            raise LayoutError(f"entry {number} of the MIG layout matches no GPU of this host")
        for gpu in matching:
            if not gpu.capable:
                if entry["mig-enabled"]:
                    raise LayoutError(f"GPU {gpu.pci} is not capable of MIG, entry {number} enables it")
                continue
            targets[gpu.uuid] = Target(entry["mig-enabled"], _instances(entry.get("mig-devices") or {}, gpu))
    if not targets and any(entry["mig-enabled"] for entry in entries):
        found = ", ".join(f"{gpu.pci} ({gpu.device})" for gpu in gpus)
        raise LayoutError(f"no entry of the MIG layout matches a GPU of this host, which has {found}")
    return targets


def _check_entry(entry: Mapping[str, Any], number: int) -> None:
    place = f"entry {number} of the MIG layout"
    if not isinstance(entry, Mapping):
        raise LayoutError(f"{place} is not a mapping")
    unknown = sorted(set(entry) - _ENTRY_KEYS)
    if unknown:
        raise LayoutError(
            f"unknown key `{unknown[0]}` in {place}; it may have {', '.join(sorted(_ENTRY_KEYS))}"
        )
    if not isinstance(entry.get("mig-enabled"), bool):
        raise LayoutError(f"`mig-enabled` of {place} must be true or false")
    devices = entry.get("devices")
    if devices != "all" and not (isinstance(devices, list) and devices):
        raise LayoutError(f"`devices` of {place} must be `all` or a list, not `{devices}`")
    filters = entry.get("device-filter")
    if not isinstance(filters, (str, list, type(None))):
        raise LayoutError(f"`device-filter` of {place} must be a text or a list, not `{filters}`")
    counts = entry.get("mig-devices")
    if entry["mig-enabled"] and not isinstance(counts, Mapping):
        raise LayoutError(f"`mig-devices` of {place} is missing; write `{{}}` for MIG mode without instances")
    if not entry["mig-enabled"] and counts:
        raise LayoutError(f"`mig-devices` of {place} must be empty, since `mig-enabled` is false")
    for name, count in (counts or {}).items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise LayoutError(f"the count of `{name}` in {place} must be a whole number, not `{count}`")


def _selected(entry: Mapping[str, Any], gpu: MigGpu, gpus: Sequence[MigGpu], number: int) -> bool:
    filters = entry.get("device-filter")
    if filters and not any(
        _matches(str(text), gpu, number) for text in ([filters] if isinstance(filters, str) else filters)
    ):
        return False
    if entry["devices"] == "all":
        # A filter or an explicit list may name a GPU that cannot do MIG; "all" means those that can.
        return gpu.capable or not entry["mig-enabled"]
    by_address = sorted(gpus, key=lambda other: other.pci)
    for device in entry["devices"]:
        if isinstance(device, int) and not isinstance(device, bool):
            if device >= len(by_address) or device < 0:
                raise LayoutError(
                    f"entry {number} of the MIG layout names GPU {device}, there are {len(gpus)}"
                )
            if by_address[device].uuid == gpu.uuid:
                return True
        elif _same_gpu(str(device), gpu):
            return True
        elif not any(_same_gpu(str(device), other) for other in gpus):
            raise LayoutError(f"entry {number} of the MIG layout names GPU `{device}`, which this host lacks")
    return False


def _same_gpu(name: str, gpu: MigGpu) -> bool:
    return name in (gpu.uuid, gpu.pci) or name.lower().lstrip("0") == gpu.pci.lower().lstrip("0")


def _matches(text: str, gpu: MigGpu, number: int) -> bool:
    match = _FILTER.match(text)
    if match is None:
        raise LayoutError(f"device-filter `{text}` of entry {number} is not of the form 0x20B010DE")
    device, vendor, subdevice, subvendor = (part.lower() if part else None for part in match.groups())
    same = f"{device}{vendor}" == gpu.device.lower()
    return same and (subdevice is None or f"{subdevice}{subvendor}" == gpu.subsystem.lower())


def _instances(counts: Mapping[str, int], gpu: MigGpu) -> Tuple[GpuInstanceSpec, ...]:
    """Turn profile counts into GPU instances; compute instances of one profile share a GPU instance."""
    whole: List[GpuInstanceSpec] = []
    parts: Dict[str, List[int]] = {}
    for name, count in counts.items():
        profile = _parse_profile(name)
        if profile.gpu_instance not in gpu.profiles:
            raise LayoutError(_not_offered(name, gpu))
        if profile.compute == profile.slices:
            whole.extend([GpuInstanceSpec(profile.gpu_instance, (profile.slices,))] * count)
        else:
            parts.setdefault(profile.gpu_instance, []).extend([profile.compute] * count)
    for name, slices in parts.items():
        whole.extend(_pack(name, gpu.profiles[name].slices, sorted(slices, reverse=True)))
    return tuple(whole)


def _pack(name: str, room: int, slices: Sequence[int]) -> List[GpuInstanceSpec]:
    """Fill GPU instances of `room` slices with compute instances, largest first."""
    bins: List[List[int]] = []
    for size in slices:
        for content in bins:
            if sum(content) + size <= room:
                content.append(size)
                break
        else:
            bins.append([size])
    return [GpuInstanceSpec(name, tuple(content)) for content in bins]


@dataclass(frozen=True)
class _ParsedProfile:
    gpu_instance: str
    compute: int
    slices: int
    gigabytes: int
    attributes: str


def _parse_profile(name: str) -> _ParsedProfile:
    match = _PROFILE.match(name)
    if match is None:
        raise LayoutError(f"`{name}` is not a MIG profile; profiles look like `1g.10gb` or `1c.3g.20gb`")
    slices = int(match["g"])
    compute = int(match["c"]) if match["c"] else slices
    if not 0 < compute <= slices:
        raise LayoutError(f"`{name}` has {compute} compute slices of {slices}")
    return _ParsedProfile(match["gi"], compute, slices, int(match["gb"]), match["attributes"] or "")


def _not_offered(name: str, gpu: MigGpu) -> str:
    return f"profile `{name}` does not exist on GPU {gpu.pci}, which has {', '.join(gpu.profiles)}"
