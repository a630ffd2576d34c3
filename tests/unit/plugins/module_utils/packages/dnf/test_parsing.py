"""What dnf and rpm print."""

from pathlib import Path

from provision.plugins.module_utils.packages.dnf import parsing as dnf

CASES = Path(__file__).parents[5] / "cases" / "dnf"


def test_simulation_is_read_through_wrapped_rows() -> None:
    found = dnf.parse_simulation((CASES / "assumeno.txt").read_text(encoding="utf-8"))
    assert found.install == {
        "kmod-nvidia-open-dkms": "3:580.95.05-1.el9",
        "nvidia-driver-cuda": "3:580.95.05-1.el9",
        "dkms": "3.2.1-1.el9",
    }
    assert found.upgrade == {"glibc": "2.34-125.el9"}
    assert found.remove == ["nvidia-smi", "old-driver", "old-library"]


def test_installed_versions_leave_an_epoch_of_zero_out_and_keep_kernels_side_by_side() -> None:
    text = "kernel\t5.14.0-1.el9\nkernel\t5.14.0-10.el9\ndriver\t3:580.1-1\nbash\t0:5-1\n"
    assert dnf.parse_installed(text) == {
        "kernel": ["5.14.0-10.el9", "5.14.0-1.el9"],
        "driver": ["3:580.1-1"],
        "bash": ["5-1"],
    }


def test_locks_are_read_as_they_are_written() -> None:
    lines = [dnf.lock_entry("nvidia-driver-cuda", "3:580.95.05-1.el9"), dnf.lock_entry("dkms", "3.2.1-1.el9")]
    text = "# Added lock on Sat\n" + "\n".join(lines) + "\n!kernel-0:5.14.0-1.el9.*\n"
    assert lines[1] == "dkms-0:3.2.1-1.el9.*"
    assert dnf.parse_locks(text) == {"nvidia-driver-cuda": "3:580.95.05-1.el9", "dkms": "3.2.1-1.el9"}


def test_requirements_that_are_packages() -> None:
    text = "/bin/sh\nlibc.so.6(GLIBC_2.34)(64bit)\nlibs(x86-64) = 3:580\nnvidia-kmod-common = 3:580\n"
    assert dnf.parse_requires(text) == [["nvidia-kmod-common"]]


def test_one_script_installs_and_removes() -> None:
    assert dnf.shell_script({"b": None, "a": "3:1-1"}, ["c"]) == "remove c\ninstall a-3:1-1\ninstall b\nrun\n"


def test_complaint() -> None:
    output = "Last metadata\nError: \n Problem: conflicting requests\n  - nothing provides dkms\n"
    assert dnf.complaint(output) == "Error:; Problem: conflicting requests; - nothing provides dkms"
