"""What other tools are told comes from the receipts, all of them."""

from tests.bench import desired

DRIVER = {
    "resources": {"json_keys": {"path": "/etc/docker/daemon.json", "keys": [["default-runtime"]]}},
    "state": {
        "files": {
            "/etc/a.conf": {"type": "file", "sha256": "…", "mode": "0644", "owner": "root", "group": "root"}
        },
        "packages": {
            "libcuda1": {"held": True, "version": "580-1"},
            "linux-headers": {"held": False, "version": "6.1"},
            "nvidia-docker2": {"held": False, "version": None},
        },
        "kernel_modules": {"release": "6.1", "modules": {"nvidia": {"loaded": "580", "installed": "580"}}},
        "nouveau_absent": True,
    },
}
DOCKER = {
    "resources": {"json_keys": {"path": "/etc/docker/daemon.json", "keys": [["runtimes", "nvidia", "path"]]}},
    "state": {
        "units": {
            "docker.service": {"active": "active", "enabled": "enabled", "load": "loaded"},
            "refresh.service": {"active": "inactive", "enabled": "enabled", "load": "loaded"},
        },
        "cdi": {"files": {"/var/run/cdi/nvidia.yaml": "…"}, "devices": ["0"]},
    },
}


def test_receipts_are_merged_by_kind() -> None:
    assert desired.desired([DRIVER, DOCKER]) == {
        "files": {"/etc/a.conf": {"mode": "0644", "owner": "root", "group": "root"}},
        "absent": [],
        "packages": ["libcuda1=580-1", "linux-headers"],
        "holds": ["libcuda1"],
        "packages_absent": ["nvidia-docker2"],
        "units": {"docker.service": True, "refresh.service": False},
        "json_keys": {"/etc/docker/daemon.json": [["default-runtime"], ["runtimes", "nvidia", "path"]]},
        "groups": {},
        "kernel_modules": {"nvidia": "580"},
        "kernel_modules_absent": ["nouveau"],
        "cdi": ["/var/run/cdi/nvidia.yaml"],
    }


def test_only_the_keys_that_are_ours_are_taken_from_a_document() -> None:
    now = {"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x", "args": []}}, "theirs": 1}

    found = desired.settings(now, [["default-runtime"], ["runtimes", "nvidia", "path"]])

    assert found == {"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x"}}}


def test_documents_that_follow_one_another_are_read() -> None:
    assert list(desired.parse('{"a": 1}\n{"b": 2} ')) == [{"a": 1}, {"b": 2}]
