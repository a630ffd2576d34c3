"""From the parts of a server to the description that its simulated firmware reads at boot."""

from __future__ import annotations

from typing import Any

from provision.lab.hardware.catalogue import catalogue, profiles
from provision.lab.hardware.hardware import Hardware

SCHEMA = 1
_NVIDIA = "10de"


def describe(hardware: Hardware) -> dict[str, Any]:
    """Return the content of `/etc/lab-hardware/hardware.json`.

    Shape: `{schema, identity, nouveau_loaded, secure_boot, models: {NAME: {...}}, devices: [{kind: gpu|nvswitch|hca,
    model, pci: "0000:1b:00.0", ids: {vendor, device, subsystem_vendor, subsystem, class}, vpd}]}`, devices by address.
    """
    devices: list[dict[str, Any]] = []
    for model, count in hardware.gpus:
        devices += _devices("gpu", model, catalogue()["gpus"][model]["pci"], count, devices)
    if hardware.nvswitch_model is not None:
        pci = catalogue()["nvswitches"][hardware.nvswitch_model]
        devices += _devices("nvswitch", hardware.nvswitch_model, pci, hardware.nvswitches, devices)
    for model, count in hardware.hcas:
        devices += _devices("hca", model, catalogue()["hcas"][model], count, devices)
    return {
        "schema": SCHEMA,
        "identity": hardware.identity,
        "nouveau_loaded": hardware.nouveau_loaded,
        "secure_boot": hardware.secure_boot,
        "models": {model: _gpu_model(model) for model, _ in hardware.gpus},
        "hcas": {model: catalogue()["hcas"][model] for model, _ in hardware.hcas},
        "devices": sorted(devices, key=lambda device: str(device["pci"])),
    }


def _devices(
    kind: str, model: str, pci: dict[str, Any], count: int, taken: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    ids = {
        "vendor": pci.get("vendor", _NVIDIA),
        "device": pci["device"],
        "subsystem_vendor": pci.get("subsystem_vendor", _NVIDIA),
        "subsystem": pci["subsystem"],
        "class": pci["class"],
    }
    used = {device["pci"] for device in taken}
    vpd = pci.get("vpd", "")
    addresses = [f"{domain}:{bus}:00.0" for domain in pci.get("domains", ["0000"]) for bus in pci["bus"]]
    free = [address for address in addresses if address not in used]
    return [
        {"kind": kind, "model": model, "pci": address, "ids": ids, "vpd": vpd} for address in free[:count]
    ]


def _gpu_model(model: str) -> dict[str, Any]:
    """Return a GPU model with its profiles spelt out, as the host's programs want it."""
    known = catalogue()["gpus"][model]
    described = {key: value for key, value in known.items() if key not in ("pci", "mig")}
    if "mig" in known:
        mig = known["mig"]
        described["mig"] = {
            "memory_slices": catalogue()["geometries"][mig["geometry"]]["memory_slices"],
            "mode_change": mig["mode_change"],
            "mode_survives": mig["mode_survives"],
            "slice_sms": mig["slice_sms"],
            "profiles": profiles(model),
        }
    return described
