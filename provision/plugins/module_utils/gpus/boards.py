"""What a PCI id of NVIDIA says: architecture, kernel modules needed, product, generation of an NVSwitch.

Runs on hosts and on the control machine. An id is `10de:2330`. An id that no table here covers gives None: a newer
chip is reported as unknown, never guessed to be like its neighbour.

Sources:
- chip of an id: the PCI ID database, pci-ids.ucw.cz, snapshot of 2026-08-22. NVIDIA numbers each chip within
  one or two blocks of ids, so a block in which the database knows only one architecture stands for it.
- kernel modules per architecture: NVIDIA Driver Installation Guide, "Kernel modules" (docs.nvidia.com).
  Maxwell, Pascal and Volta have no GSP, so the open modules refuse them; Grace Hopper and everything from
  Blackwell on is refused by the proprietary ones.
- NVSwitch ids: NVIDIA/go-nvlib, and class 0680 of vendor 10de.
"""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple, Optional

VENDOR = "10de"

PROPRIETARY = "proprietary"
EITHER = "either"
OPEN = "open"
CONFLICT = "conflict"

ARCHITECTURES = (
    "Kepler",
    "Maxwell",
    "Pascal",
    "Volta",
    "Turing",
    "Ampere",
    "Ada",
    "Hopper",
    "Blackwell",
    "Rubin",
)
"""Every architecture known here, oldest first."""

MODULES = {
    "Kepler": PROPRIETARY,
    "Maxwell": PROPRIETARY,
    "Pascal": PROPRIETARY,
    "Volta": PROPRIETARY,
    "Turing": EITHER,
    "Ampere": EITHER,
    "Ada": EITHER,
    "Hopper": EITHER,
    "Blackwell": OPEN,
    "Rubin": OPEN,
}
"""Flavours of the kernel modules that drive an architecture."""

# First and last id of a block, both included, and the architecture of every chip numbered in it.
_BLOCKS = (
    (0x0FC0, 0x0FFF, "Kepler"),  # GK107
    (0x1000, 0x103F, "Kepler"),  # GK110, GK180, GK210
    (0x1180, 0x11FF, "Kepler"),  # GK104, GK106
    (0x1280, 0x12BF, "Kepler"),  # GK208
    (0x1340, 0x13FF, "Maxwell"),  # GM108, GM107, GM204
    (0x1400, 0x143F, "Maxwell"),  # GM206
    (0x15C0, 0x15FF, "Pascal"),  # GP100
    (0x1600, 0x167F, "Maxwell"),  # GM204
    (0x1700, 0x173F, "Pascal"),  # GP100
    (0x1740, 0x179F, "Maxwell"),  # GM108, GM107
    (0x17C0, 0x17FF, "Maxwell"),  # GM200
    (0x1B00, 0x1BFF, "Pascal"),  # GP102, GP104
    (0x1C00, 0x1CFF, "Pascal"),  # GP106, GP107
    (0x1D00, 0x1D7F, "Pascal"),  # GP108
    (0x1D80, 0x1DFF, "Volta"),  # GV100
    (0x1E00, 0x1EFF, "Turing"),  # TU102, TU104
    (0x1F00, 0x1FFF, "Turing"),  # TU106, TU117
    (0x2080, 0x20FF, "Ampere"),  # GA100
    (0x2180, 0x21FF, "Turing"),  # TU116
    (0x2200, 0x223F, "Ampere"),  # GA102; 2280-22ff are audio, bridges and NVSwitches
    (0x2300, 0x23FF, "Hopper"),  # GH100
    (0x2400, 0x24FF, "Ampere"),  # GA103, GA104
    (0x2500, 0x25FF, "Ampere"),  # GA106, GA107
    (0x2680, 0x26FF, "Ada"),  # AD102
    (0x2700, 0x27FF, "Ada"),  # AD103, AD104
    (0x2800, 0x28FF, "Ada"),  # AD106, AD107
    (0x2900, 0x29FF, "Blackwell"),  # GB100, GB102
    (0x2B00, 0x2BFF, "Blackwell"),  # GB10B, GB202
    (0x2C00, 0x2CFF, "Blackwell"),  # GB203
    (0x2D00, 0x2DFF, "Blackwell"),  # GB206, GB207
    (0x2E00, 0x2E3F, "Blackwell"),  # GB20B
    (0x2F00, 0x2F7F, "Blackwell"),  # GB205; 2f95-2f98 are Vera CPUs
    (0x3000, 0x303F, "Rubin"),  # GR100
    (0x3040, 0x3040, "Rubin"),  # GR100, reserved id
    (0x30C0, 0x30C0, "Rubin"),  # GR102
    (0x3180, 0x31FF, "Blackwell"),  # GB110
    (0x3200, 0x323F, "Blackwell"),  # GB112
    (0x3340, 0x3340, "Blackwell"),  # GB120
)

# Grace Hopper boards. The chip is GH100, but memory is coherent with the CPU, which only the open modules do.
_GRACE_HOPPER = (0x2340, 0x234F)

# Boards of the data-centre line, by the names they are sold under.
_BOARDS = {
    0x101E: "K20X",
    0x1023: "K40m",
    0x1024: "K40c",
    0x102D: "K80",
    0x118F: "K10",
    0x13BD: "M10",
    0x13F2: "M60",
    0x1431: "M4",
    0x13F3: "M6",
    0x17FD: "M40",
    0x15F7: "P100 PCIe 12GB",
    0x15F8: "P100 PCIe 16GB",
    0x15F9: "P100 SXM2 16GB",
    0x1B38: "P40",
    0x1BB3: "P4",
    0x1BB4: "P6",
    0x1DB1: "V100 SXM2 16GB",
    0x1DB2: "V100 DGXS 16GB",
    0x1DB3: "V100 FHHL 16GB",
    0x1DB4: "V100 PCIe 16GB",
    0x1DB5: "V100 SXM2 32GB",
    0x1DB6: "V100 PCIe 32GB",
    0x1DB7: "V100 DGXS 32GB",
    0x1DB8: "V100 SXM3 32GB",
    0x1DF5: "V100 SXM2 16GB",
    0x1DF6: "V100S PCIe 32GB",
    0x1E30: "Quadro RTX 6000",
    0x1EB4: "T4G",
    0x1EB8: "T4",
    0x20B0: "A100 SXM4 40GB",
    0x20B1: "A100 PCIe 40GB",
    0x20B2: "A100 SXM4 80GB",
    0x20B3: "A100 SXM 64GB",
    0x20B5: "A100 PCIe 80GB",
    0x20B7: "A30",
    0x20B8: "A100X",
    0x20B9: "A30X",
    0x20BD: "A800 SXM4 40GB",
    0x20F1: "A100 PCIe 40GB",
    0x20F3: "A800 SXM4 80GB",
    0x20F5: "A800 PCIe 80GB",
    0x20F6: "A800 PCIe 40GB",
    0x2230: "RTX A6000",
    0x2231: "RTX A5000",
    0x2235: "A40",
    0x2236: "A10",
    0x2237: "A10G",
    0x25B6: "A2 / A16",
    0x2321: "H100 NVL 94GB",
    0x2322: "H800 PCIe 80GB",
    0x2324: "H800 SXM5 80GB",
    0x2329: "H20 96GB",
    0x232C: "H20 141GB",
    0x2330: "H100 SXM5 80GB",
    0x2331: "H100 PCIe 80GB",
    0x2335: "H200 SXM 141GB",
    0x2337: "H100 SXM5 64GB",
    0x2339: "H100 SXM5 94GB",
    0x233A: "H800 NVL 94GB",
    0x233B: "H200 NVL 141GB",
    0x233D: "H100 96GB",
    0x2342: "GH200 120GB / 480GB",
    0x2348: "GH200 144GB",
    0x26B1: "RTX 6000 Ada",
    0x26B2: "RTX 5000 Ada",
    0x26B5: "L40",
    0x26B7: "L20",
    0x26B8: "L40G",
    0x26B9: "L40S",
    0x26BA: "L20",
    0x27B6: "L2",
    0x27B8: "L4",
    0x2901: "B200",
    0x2909: "B200",
    0x2941: "GB200",
    0x29BC: "B100",
    0x2BB1: "RTX PRO 6000 Blackwell Workstation",
    0x2BB3: "RTX PRO 5000 Blackwell",
    0x2BB4: "RTX PRO 6000 Blackwell Max-Q",
    0x2BB5: "RTX PRO 6000 Blackwell Server",
    0x2C31: "RTX PRO 4500 Blackwell",
    0x2C3A: "RTX PRO 4500 Blackwell Server",
    0x2E12: "GB10",
    0x3182: "B300",
    0x31C2: "GB300",
    0x31C3: "GB300",
}

# First and last id, generation, name of the chip, GPUs that it joins.
_NVSWITCHES = (
    (0x10F5, 0x10F5, 1, "Willow"),  # V100
    (0x1AC0, 0x1ACF, 1, "Willow"),  # V100
    (0x1AE8, 0x1AE8, 2, "LR10"),  # A100
    (0x1AF0, 0x1AFF, 2, "LR10"),  # A100
    (0x22A0, 0x22AF, 3, "LS10"),  # H100, H200
)

_PCI_ID = re.compile(r"\A(?:0x)?([0-9a-fA-F]{4}):(?:0x)?([0-9a-fA-F]{4})\Z")


class GpuModel(NamedTuple):
    """What an id says about a GPU; None where the tables do not know."""

    id: str
    architecture: Optional[str]
    modules: Optional[str]  # proprietary, either, open
    name: Optional[str]


class NvSwitch(NamedTuple):
    """What an id says about an NVSwitch."""

    id: str
    generation: int
    chip: str


def gpu(pci_id: str) -> Optional[GpuModel]:
    """Return what is known of the GPU with this id, or None for another vendor's or a malformed id."""
    device = _device(pci_id)
    if device is None:
        return None
    found = _architecture(device)
    return GpuModel(
        id="%s:%04x" % (VENDOR, device),
        architecture=found,
        modules=_modules(device, found),
        name=_BOARDS.get(device),
    )


def architecture(pci_id: str) -> Optional[str]:
    """Return the architecture, `Kepler` to `Rubin`, or None when the id is not in the tables."""
    device = _device(pci_id)
    return None if device is None else _architecture(device)


def name(pci_id: str) -> Optional[str]:
    """Return the name of a data-centre board, such as `H100 SXM5 80GB`, or None."""
    device = _device(pci_id)
    return None if device is None else _BOARDS.get(device)


def modules(pci_id: str) -> Optional[str]:
    """Return the kernel modules the GPU needs: `proprietary`, `either`, `open`, or None when unknown."""
    device = _device(pci_id)
    return None if device is None else _modules(device, _architecture(device))


def modules_of(pci_ids: Iterable[str]) -> Optional[str]:
    """Return the kernel modules that drive all these GPUs of one host.

    `conflict` where one GPU needs the open and another the proprietary modules. None where there are no GPUs
    or any of them is unknown and the known ones leave the choice open.
    """
    needs = [modules(each) for each in pci_ids]
    if PROPRIETARY in needs and OPEN in needs:
        return CONFLICT
    for strict in (PROPRIETARY, OPEN):
        if strict in needs:
            return strict
    return None if not needs or None in needs else EITHER


def nvswitch(pci_id: str) -> Optional[NvSwitch]:
    """Return what is known of the NVSwitch with this id, or None for anything that is not one.

    The switches of NVLink 5 (B200, B300) are no PCI devices of NVIDIA: they are found through InfiniBand.
    """
    device = _device(pci_id)
    if device is None:
        return None
    for first, last, generation, chip in _NVSWITCHES:
        if first <= device <= last:
            return NvSwitch("%s:%04x" % (VENDOR, device), generation, chip)
    return None


def boards() -> dict[str, str]:
    """Return every board in the tables, name by id, in the order of the ids."""
    return {"%s:%04x" % (VENDOR, device): board for device, board in sorted(_BOARDS.items())}


def _device(pci_id: str) -> Optional[int]:
    match = _PCI_ID.match(pci_id)
    if match is None or match.group(1).lower() != VENDOR:
        return None
    return int(match.group(2), 16)


def _architecture(device: int) -> Optional[str]:
    for first, last, found in _BLOCKS:
        if first <= device <= last:
            return found
    return None


def _modules(device: int, found: Optional[str]) -> Optional[str]:
    if _GRACE_HOPPER[0] <= device <= _GRACE_HOPPER[1]:
        return OPEN
    return None if found is None else MODULES[found]
