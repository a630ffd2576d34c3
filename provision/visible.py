"""Text of others made harmless to look at: what a terminal would obey, or an eye miss, is written out.

Every text that comes from a host passes here once, where it comes in.
"""

import re

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that leave no trace on a screen, although Unicode counts them as printable."""


def visible(text: str, keep: str = "") -> str:
    r"""Return the text with what cannot be seen written out, as `\x1b` or `\u202e`; `keep` stays as it is.

    Those are control characters, escapes, direction marks, characters without width, unusual spaces and
    halves of a character, which no file or database takes.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each in keep or _is_seen(each) else _written_out(each) for each in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() and not _UNSEEN.match(character)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
