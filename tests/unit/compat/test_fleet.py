"""What is refused before a host is touched, and what is only said."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from provision.compat import refusals, warnings
from provision.errors import UsageError
from provision.model.fleet import Fleet
from provision.model.observed import Gpu, HostProbe, Observed
from tests.unit.hosts import host

TODAY = date(2026, 11, 22)
V100, H100, B200, NEW = "10de:1db6", "10de:2330", "10de:2901", "10de:3400"


def fleet(**variables: object) -> Fleet:
    return Fleet(Path("lab.ini"), None, (host("gpu-03", variables),))


def probes(*gpus: str, distribution: str = "debian", major: str = "12") -> dict[str, HostProbe]:
    observed = Observed(
        os=f"{distribution.title()} {major}",
        distribution=distribution,
        major=major,
        kernel="6.1.0-50-amd64",
        architecture="x86_64",
        python="3.11.2",
        gpus=tuple(Gpu(f"0000:{number:02x}:00.0", each) for number, each in enumerate(gpus)),
    )
    return {"gpu-03": HostProbe("gpu-03", reachable=True, observed=observed)}


REFUSED: Mapping[str, tuple[dict[str, object], dict[str, HostProbe], str, str]] = {
    "V100 with branch 595": (
        {"nvidia_driver_version": 595},
        probes(V100),
        "driver 595 does not support V100 PCIe 32GB on gpu-03 (Volta: last branch is 580)",
        'set `nvidia_driver_version: "580"`',
    ),
    "a version behind a template": (
        {"nvidia_driver_version": "{{ site_driver }}", "site_driver": "595"},
        probes(V100),
        "driver 595 does not support V100 PCIe 32GB on gpu-03 (Volta: last branch is 580)",
        'set `nvidia_driver_version: "580"`',
    ),
    "V100 with open modules": (
        {"nvidia_driver_flavour": "open"},
        probes(V100),
        "open kernel modules do not drive V100 PCIe 32GB on gpu-03 (Volta needs the proprietary ones)",
        "set `nvidia_driver_flavour: auto`",
    ),
    "B200 with proprietary modules": (
        {"nvidia_driver_flavour": "proprietary"},
        probes(B200),
        "proprietary kernel modules do not drive B200 on gpu-03 (Blackwell needs the open ones)",
        "set `nvidia_driver_flavour: auto`",
    ),
    "B200 with branch 550": (
        {"nvidia_driver_version": "550"},
        probes(B200),
        "driver 550 does not support B200 on gpu-03 (Blackwell: first branch is 570)",
        'set `nvidia_driver_version: "580"`',
    ),
    "B200 with an early 570": (
        {"nvidia_driver_version": "570.124.06"},
        probes(B200),
        "driver 570.124.06 does not support B200 on gpu-03 (oldest driver for it: 570.133.20)",
        'set `nvidia_driver_version: "580"`',
    ),
    "B200 with Debian's own driver": (
        {"nvidia_driver_source": "distro", "nvidia_driver_version": "535"},
        probes(B200),
        "driver 535 does not support B200 on gpu-03 (Blackwell: first branch is 570)",
        'set `nvidia_driver_source: nvidia`, and set `nvidia_driver_version: "580"`',
    ),
    "a driver that Debian does not have": (
        {"nvidia_driver_source": "distro"},
        probes(H100),
        "the archive of Debian 12 does not carry driver 580 on gpu-03 (it has 535.261.03, 470.256.02)",
        'set `nvidia_driver_source: nvidia`, or `nvidia_driver_version: "535"`',
    ),
    "a distribution without drivers of its own": (
        {"nvidia_driver_source": "distro"},
        probes(H100, distribution="rocky", major="9"),
        "the archive of Enterprise Linux 9 has no NVIDIA driver on gpu-03",
        "set `nvidia_driver_source: nvidia`",
    ),
    "proprietary modules that are no longer packaged": (
        {"nvidia_driver_version": "615", "nvidia_driver_flavour": "proprietary"},
        probes(H100),
        "driver 615 has no proprietary kernel modules on gpu-03 (packaged for 615: open)",
        'set `nvidia_driver_flavour: auto`, or `nvidia_driver_version: "610"`',
    ),
    "an unsupported distribution": (
        {},
        probes(H100, distribution="arch", major="1"),
        "Arch 1 on gpu-03 is not supported",
        "Debian 12",
    ),
    "GPUs of both ages in one host": (
        {},
        probes(V100, B200),
        "no one kernel module drives every GPU on gpu-03: V100 PCIe 32GB (proprietary), B200 (open)",
        "need a server each",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: tuple[dict[str, object], dict[str, HostProbe], str, str]) -> None:
    variables, found, message, hint = case
    told = refusals(fleet(**variables), found)
    assert [each.message for each in told] == [message]
    assert told[0].host == "gpu-03"
    assert hint in (told[0].hint or "")


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, probes(V100)),
        ({}, probes(H100, distribution="ubuntu", major="24")),
        ({}, probes(B200, distribution="rocky", major="9")),
        ({"nvidia_driver_version": 595}, probes(H100)),
        ({"nvidia_driver_flavour": "proprietary"}, probes(V100, H100)),
        ({"nvidia_driver_source": "distro", "nvidia_driver_version": "535"}, probes(V100)),
        ({"nvidia_driver_version": "535"}, probes(H100)),  # out of support: a warning
        ({"nvidia_driver_version": "{{ site_driver }}"}, probes(V100)),  # known only to the run
        ({"nvidia_driver_version": "595"}, probes()),  # no GPU
        (
            {"nvidia_driver_version": "595"},
            {"gpu-03": HostProbe("gpu-03", reachable=False, error="timed out")},
        ),
        ({"nvidia_driver_version": "595"}, {}),
        ({}, probes(NEW)),
    ],
)
def test_not_refused(variables: dict[str, object], found: dict[str, HostProbe]) -> None:
    assert refusals(fleet(**variables), found) == []


def test_a_version_that_is_none_names_the_variable_and_the_host() -> None:
    with pytest.raises(UsageError, match="`nvidia_driver_version` of gpu-03: `latest` is not a version"):
        refusals(fleet(nvidia_driver_version="latest"), probes(H100))


def test_a_branch_out_of_support_is_said() -> None:
    told = warnings(fleet(nvidia_driver_version="535"), probes(H100), today=TODAY)
    assert [each.message for each in told] == [
        "driver branch 535 is out of support since 2026-06 on gpu-03 (supported: 580, 595, 615)"
    ]


def test_a_gpu_that_nobody_knows_is_said() -> None:
    told = warnings(fleet(), probes(NEW), today=TODAY)
    assert [each.message for each in told] == [
        "GPU `10de:3400` on gpu-03 is in no table; nothing was checked for it"
    ]
