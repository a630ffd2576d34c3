"""State records of the GPUs: as they come out of a power cycle, and as a driver that is loaded anew finds them."""

from __future__ import annotations

from typing import Any

import description
import layout
from state import State

_NVML_ARCHITECTURES = {"volta": 5, "turing": 6, "ampere": 7, "ada": 8, "hopper": 9, "blackwell": 10}


def power_on(state: State, described: dict[str, Any]) -> None:
    """Write the records of all GPUs on the bus, and of what their models can do."""
    for kind in ("model", "profile", "gpu", "gi", "ci"):
        state.remove(kind)
    devices = description.present_devices(described)
    for name, model in described["models"].items():
        _model(state, name, model)
    gpus = [device for device in devices if device["kind"] == "gpu"]
    switches = sum(device["kind"] == "nvswitch" for device in devices)
    for number, device in enumerate(gpus):
        _gpu(state, number, device, described, switches)


def addresses(state: State) -> list[str]:
    """Return where the GPUs are on the bus, in the kernel's form."""
    return [gpu["pci"][4:].lower() for gpu in state.of("gpu")]


def driver_unloaded(state: State) -> None:
    """Forget what lives in the driver: instances, persistence, fabric, and the MIG mode of newer GPUs."""
    state.remove("gi")
    state.remove("ci")
    models = {model["id"]: model for model in state.of("model")}
    for gpu in state.of("gpu"):
        survives = models[gpu["model"]]["mode_survives"] == "reboot"
        gpu["mig"] = gpu["pending"] if survives else "0"
        gpu["pending"] = gpu["mig"]
        gpu["persistence"] = "0"
        if gpu["fabric"] != "none":
            gpu["fabric"] = "waiting"


def _model(state: State, name: str, model: dict[str, Any]) -> None:
    mig = model.get("mig") or {}
    major, minor = model["compute_capability"].split(".")
    state.add(
        "model",
        id=name,
        name=model["name"],
        architecture=_NVML_ARCHITECTURES[model["architecture"]],
        cc_major=major,
        cc_minor=minor,
        memory=model["memory"],
        power=model["power_watts"],
        mig_slices=mig.get("memory_slices", 0),
        mode_change=mig.get("mode_change", "never"),
        mode_survives=mig.get("mode_survives", "nothing"),
        slice_sms=mig.get("slice_sms", 0),
    )
    for profile in mig.get("profiles", ()):
        fields = dict(profile, model=name, starts=",".join(map(str, profile["starts"])))
        state.add("profile", **fields)


def _gpu(state: State, number: int, device: dict[str, Any], described: dict[str, Any], switches: int) -> None:
    model = described["models"][device["model"]]
    digits = description.identity(described, device["pci"])
    uuid = description.gpu_uuid(digits)
    ids = device["ids"]
    fabric = model.get("fabric") and (switches or model.get("nvlink5"))
    mode = layout.INFOROM / uuid
    mig = mode.read_text().strip() if mode.exists() else "0"
    state.add(
        "gpu",
        index=number,
        minor=number,
        model=device["model"],
        pci="0000" + device["pci"].upper(),
        device="0x{}{}".format(ids["device"], ids["vendor"]),
        subsystem="0x{}{}".format(ids["subsystem"], ids["subsystem_vendor"]),
        uuid=uuid,
        serial=str(1320000000000 + int(digits[:9], 16) % 10**9),
        persistence=0,
        mig=mig,
        pending=mig,
        fabric="waiting" if fabric else "none",
        lost=0,
        born=0,
    )
