"""What check mode predicts, on a screen: one block a task that would change something."""

from rich.console import Group, RenderableType
from rich.text import Text

from provision.model.plan import Prediction, Predictions
from provision.report import words

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def screen(predictions: Predictions) -> RenderableType:
    """Return the predictions for a person."""
    parts: list[RenderableType] = []
    for change in predictions.changes:
        parts += [_change(change), Text()]
    for trouble in predictions.troubles:
        parts += [words.trouble(trouble.host, f"check mode stopped: {trouble.message}", trouble.hint), Text()]
    return Group(*parts)


def _change(change: Prediction) -> Text:
    text = Text.assemble((change.host, "bold"), f"  {change.role}: {change.task}")
    for line in change.diff.splitlines():
        style = "" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")
        text.append(f"\n  {line}", style=style)
    return text
