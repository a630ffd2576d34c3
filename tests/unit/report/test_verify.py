"""Checks as lines and as a document."""

import io

from rich.console import Console

from provision.report.verify import Lines, document
from provision.verify import NO_GPU, Check, VerifyReport


def test_the_document_is_the_one_that_scripts_rely_on() -> None:
    checks = [
        Check("b", "driver_loaded", "passed", "580.95.05"),
        Check("a", "driver_loaded", "skipped", "no NVIDIA GPU"),
        Check("b", "container_sees_gpus", "failed", "7 of 8", "$ docker run"),
    ]
    assert document(VerifyReport.of(["a", "b"], checks)) == {
        "schema": 1,
        "hosts": {
            "a": {
                "passed": 0,
                "failed": 0,
                "skipped": 1,
                "checks": [{"id": "driver_loaded", "outcome": "skipped", "detail": "no NVIDIA GPU"}],
            },
            "b": {
                "passed": 1,
                "failed": 1,
                "skipped": 0,
                "checks": [
                    {"id": "driver_loaded", "outcome": "passed", "detail": "580.95.05"},
                    {"id": "container_sees_gpus", "outcome": "failed", "detail": "7 of 8"},
                ],
            },
        },
    }


def test_a_check_is_a_line_and_a_failed_one_shows_its_evidence() -> None:
    checks = [
        Check("gpu-01", "driver_loaded", "passed", "580.95.05"),
        Check("gpu-01", "container_sees_gpus", "failed", "7 of 8 [red]x[/]", "$ docker run\nno GPU"),
        Check("cpu", "driver_loaded", "skipped", NO_GPU),
        Check("cpu", "container_sees_gpus", "skipped", NO_GPU),
        Check("gpu-01", "mig", "skipped", "no layout"),
    ]
    stream = io.StringIO()
    lines = Lines(Console(file=stream, width=40), ("gpu-01", "cpu"))
    for check in checks:
        lines.show(check)
    lines.end(VerifyReport.of(["gpu-01", "cpu"], checks))
    assert stream.getvalue().splitlines() == [
        "gpu-01  passed   driver_loaded: 580.95.05",
        "gpu-01  failed   container_sees_gpus: 7 of 8 [red]x[/]",
        "    $ docker run",
        "    no GPU",
        "cpu     skipped  no NVIDIA GPU",
        "gpu-01  skipped  mig: no layout",
        "",
        "gpu-01  1 passed, 1 failed, 1 skipped",
        "cpu     0 passed, 0 failed, 2 skipped",
    ]
