"""Fake hosts asked and judged: the program that real hosts run, and the real runner."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.connect.answer import Answer
from provision.connect.asking import Asked
from provision.errors import ConnectError
from provision.verify.question import options
from provision.verify.report import Check
from provision.verify.runner import judge
from provision.verify.wanted import Wanted
from tests.unit.verify.fake_host import IMAGE

ROOT = Path(__file__).parents[3]
WANTED = Wanted(image=IMAGE, users=("alice",))
PROGRAM = (
    "import json, sys; from provision.plugins.module_utils.asking.evidence import evidence; "
    "print(json.dumps(evidence(**json.loads(sys.argv[1]))))"
)


def see(root: Path, wanted: Wanted = WANTED) -> Answer:
    """Return what is seen on a host in a folder."""
    asked = json.dumps({**options(wanted), "root": str(root)})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, asked], cwd=ROOT, capture_output=True, check=True, text=True
    )
    answer: Answer = json.loads(done.stdout)
    return answer


def checked(
    hosts: Mapping[str, Path | ConnectError],
    wanted: Wanted = WANTED,
    *,
    junit: Path | None = None,
    on_check: Callable[[Check], None] | None = None,
) -> list[Check]:
    """Ask and judge hosts in folders, and hosts that cannot be asked."""

    def gather(tell: Callable[[Asked[Answer]], None]) -> None:
        with ThreadPoolExecutor() as pool:
            answers = pool.map(
                lambda root: root if isinstance(root, ConnectError) else see(root, wanted), hosts.values()
            )
            for name, answer in zip(hosts, answers, strict=True):
                tell(Asked(name, answer, 0.0))

    return judge(dict.fromkeys(hosts, wanted), gather, junit=junit, on_check=on_check)
