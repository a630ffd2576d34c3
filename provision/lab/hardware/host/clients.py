"""Which processes hold the GPUs: those that have one of their device files open."""

import os

FRONTEND_MAJOR = 195
UVM_MAJOR = 510
CAPS_MAJOR = 509
NVSWITCH_MAJOR = 508


def holders(majors):
    """Return the ids of all processes but this one that hold a device file with one of these major numbers."""
    found = []
    for entry in os.listdir("/proc"):
        if majors and entry.isdigit() and int(entry) != os.getpid() and _holds(entry, majors):
            found.append(int(entry))
    return found


def _holds(process, majors):
    folder = "/proc/{}/fd".format(process)
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return False
    return any(_major("{}/{}".format(folder, descriptor)) in majors for descriptor in descriptors)


def _major(link):
    """Return the major number of the device that a descriptor stands for; 0 for anything else."""
    try:
        return os.major(os.stat(link).st_rdev)
    except OSError:
        return 0
