"""`provision compat` as a command: streams, document and exit codes."""

import json

import pytest

from provision.cli import run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--gpu", "H100"], 0),
        (["--gpu", "V100", "--driver", "595"], 3),
        (["--gpu", "B20"], 2),
        (["--driver", "580"], 0),
        (["--cuda", "13.1"], 0),
        ([], 0),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", *arguments]) == code
    out, err = capsys.readouterr()
    assert ("error: " in err) is (code != 0)
    assert (out != "") is (code != 2)


def test_json_is_one_document_with_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", "--gpu", "V100", "--driver", "595", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["supported"] is False
    deciding = next(each for each in document["reasons"] if each["verdict"] == "no")
    assert deciding["row"]["last"] == 580
    assert deciding["row"]["source"]["url"].startswith("https://docs.nvidia.com/")
