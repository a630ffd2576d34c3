"""What check mode predicts, on a screen."""

from provision.model.plan import Prediction, Predictions, Trouble
from provision.report.diff import screen

from .test_plan import text


def test_each_task_is_a_block_and_trouble_comes_last() -> None:
    change = Prediction("h1", "docker_engine", "Write", ("/etc/x",), "--- /etc/x\n+++ /etc/x\n-[b]old\n+new")
    found = Predictions((change,), (Trouble("h2", "no space", "make some"), Trouble("h3", "lost", "")))
    assert text(screen(found)) == (
        "h1  docker_engine: Write\n"
        "  --- /etc/x\n"
        "  +++ /etc/x\n"
        "  -[b]old\n"
        "  +new\n"
        "\n"
        "h2: check mode stopped: no space\n"
        "hint: make some\n"
        "\n"
        "h3: check mode stopped: lost\n"
    )
