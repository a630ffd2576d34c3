"""The module files that packages installed for the running kernel, as the real modinfo reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

NVIDIA = ("nvidia", "nvidia_modeset", "nvidia_drm", "nvidia_uvm", "nvidia_peermem")
DEPENDENCIES = {
    "nvidia": (),
    "nvidia_modeset": ("nvidia",),
    "nvidia_drm": ("nvidia_modeset",),
    "nvidia_uvm": ("nvidia",),
    "nvidia_peermem": ("nvidia",),
    "nouveau": (),
}
_SIGNATURE = b"~Module signature appended~\n"
_BLACKLISTS = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)


class ModuleFile:
    """One module file: where it is, its version and its licence."""

    def __init__(self, path: Path, version: str, licence: str) -> None:
        self.path = path
        self.version = version
        self.flavour = "open" if "MIT" in licence else "proprietary"

    @property
    def signed(self) -> bool:
        """Tell whether the file ends as a signed module does."""
        return self.path.read_bytes().endswith(_SIGNATURE)


def normal(name: str) -> str:
    """Return a module's name as the kernel writes it, Debian's `nvidia-current` being `nvidia`."""
    return name.replace("-", "_").replace("nvidia_current", "nvidia")


def find(name: str) -> ModuleFile | None:
    """Return the installed file of a module, or None. Debian's own packages call it `nvidia-current`."""
    dashed = name.replace("_", "-")
    for candidate in (dashed, dashed.replace("nvidia", "nvidia-current", 1)):
        path = _modinfo("filename", candidate)
        if path:
            return ModuleFile(Path(path), _modinfo("version", candidate), _modinfo("license", candidate))
    return None


def blacklist(name: str) -> Path | None:
    """Return the configuration file that keeps a module from loading by itself, or None."""
    for folder in _BLACKLISTS:
        for path in sorted(Path(folder).glob("*.conf")):
            words = [line.split() for line in path.read_text().splitlines()]
            if any(line[0] == "blacklist" and normal(line[1]) == name for line in words if len(line) > 1):
                return path
    return None


def release() -> str:
    """Return the running kernel's release: that of the machine, unless the server plays another one."""
    return Path("/proc/sys/kernel/osrelease").read_text().strip()


def in_stale_initramfs(blacklisted_by: Path) -> bool:
    """Tell whether the initramfs is older than a blacklist, and so does not know of it."""
    images = [Path(form.format(release())) for form in ("/boot/initrd.img-{}", "/boot/initramfs-{}.img")]
    return any(image.exists() and image.stat().st_mtime < blacklisted_by.stat().st_mtime for image in images)


def _modinfo(field: str, name: str) -> str:
    done = subprocess.run(
        ["/sbin/modinfo", "-k", release(), "-F", field, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
