"""NVIDIA's devices on the PCI bus, with or without a driver."""

from typing import Dict, List, NamedTuple

from ..host.machine import Machine

NVIDIA = "10de"
_BUS = "/sys/bus/pci/devices"
_DISPLAY, _BRIDGE = "03", "0680"


class Function(NamedTuple):
    """One function of a device: its address, its id such as `10de:2330`, and its class such as `030200`."""

    address: str
    identifier: str
    kind: str

    @property
    def is_gpu(self) -> bool:
        """Tell whether it is a display controller."""
        return self.kind.startswith(_DISPLAY)

    @property
    def is_bridge(self) -> bool:
        """Tell whether it is a bridge of another kind, as NVSwitches are."""
        return self.kind.startswith(_BRIDGE)


def functions(machine: Machine) -> List[Function]:
    """Return NVIDIA's functions on the bus, by address."""
    return [
        Function(
            address,
            "{}:{}".format(NVIDIA, _half(machine, address, "device")),
            _half(machine, address, "class"),
        )
        for address in machine.names(_BUS)
        if _half(machine, address, "vendor") == NVIDIA
    ]


def gpus(machine: Machine) -> Dict[str, str]:
    """Return `{PCI address: "vendor:device"}` of every NVIDIA GPU on the bus."""
    return {each.address: each.identifier for each in functions(machine) if each.is_gpu}


def subsystem(machine: Machine, address: str) -> str:
    """Return the vendor and id of the card that a function is on, such as `10de:1626`."""
    return "{}:{}".format(*(_half(machine, address, "subsystem_" + name) for name in ("vendor", "device")))


def can_reset(machine: Machine, address: str) -> bool:
    """Tell whether the kernel knows how to reset a function; one that it does not show tells nothing."""
    folder = "{}/{}".format(_BUS, address)
    return machine.exists(folder + "/reset") or not machine.exists(folder)


def _half(machine: Machine, address: str, name: str) -> str:
    """Return a number that the kernel writes as `0x2330`, without its prefix."""
    return (machine.read("{}/{}/{}".format(_BUS, address, name)) or "").strip()[2:]
