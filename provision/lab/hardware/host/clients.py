"""Which processes hold the GPUs: those that have one of their device files open."""

import os

FRONTEND_MAJOR = 195
UVM_MAJOR = 510
CAPS_MAJOR = 509
NVSWITCH_MAJOR = 508
_MAJORS = (FRONTEND_MAJOR, UVM_MAJOR, CAPS_MAJOR, NVSWITCH_MAJOR)


def holders():
    """Return the ids of all processes but this one that hold a device file of the driver."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid() and _holds(entry):
            found.append(int(entry))
    return found


def _holds(process):
    folder = "/proc/{}/fd".format(process)
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return False
    return any(_is_ours("{}/{}".format(folder, descriptor)) for descriptor in descriptors)


def _is_ours(link):
    try:
        device = os.stat(link).st_rdev
    except OSError:
        return False
    return device != 0 and os.major(device) in _MAJORS
