"""Words that several screens share."""

import pytest

from provision.report import words


@pytest.mark.parametrize(("count", "text"), [(0, "0 hosts"), (1, "1 host"), (2, "2 hosts")])
def test_hosts_are_counted(count: int, text: str) -> None:
    assert words.hosts(count) == text


@pytest.mark.parametrize(
    ("items", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_reads_as_a_sentence(items: list[str], text: str) -> None:
    assert words.listed(items) == text


def test_trouble_names_its_cure_where_there_is_one() -> None:
    assert words.trouble("h1", "no answer", None).plain == "h1: no answer"
    found = words.trouble("h1", "no [b]answer", "is it up?")
    assert found.plain == "h1: no [b]answer\nhint: is it up?"
    assert [str(span.style) for span in found.spans] == ["bold red", "cyan"]
