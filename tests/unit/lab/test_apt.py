"""Package sources of the servers, made of the machine's own."""

from pathlib import Path

import pytest

from provision.lab import apt
from provision.lab.apt import Source

DEB822 = """\
# What the installer wrote.
Types: deb deb-src
URIs: http://mirror.example.com/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb-src
URIs: http://sources.example.com/debian
Suites: bookworm
Components: main

Types: deb
Enabled: no
URIs: http://off.example.com/debian
Suites: bookworm
Components: main
"""


def test_deb822_sources_are_read() -> None:
    assert apt.parse_deb822(DEB822) == [
        Source("http://mirror.example.com/debian", "bookworm", ("main", "contrib")),
        Source("http://mirror.example.com/debian", "bookworm-updates", ("main", "contrib")),
    ]


def test_one_line_sources_are_read() -> None:
    text = (
        "# deb http://commented.example.com/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/a.gpg] http://mirror.example.com/debian bookworm main # ours\n"
        "deb-src http://mirror.example.com/debian bookworm main\n"
        "deb http://flat.example.com/repo ./\n"
    )
    assert apt.parse_list(text) == [
        Source("http://mirror.example.com/debian", "bookworm", ("main",)),
        Source("http://flat.example.com/repo", "./", ()),
    ]


MIRRORS = [
    Source("https://vendor.example.com/apt", "bookworm-vendor", ("main",)),
    Source("http://mirror.example.com/debian", "bookworm", ("main",)),
    Source("http://other.example.com/debian", "bookworm", ("main",)),
    Source("http://mirror.example.com/debian-security", "bookworm-security", ("main",)),
]


def test_another_release_comes_from_the_same_mirrors() -> None:
    assert apt.lines_for("trixie", ("main", "non-free"), MIRRORS, "bookworm") == [
        "deb http://mirror.example.com/debian trixie main non-free",
        "deb http://mirror.example.com/debian-security trixie-security main non-free",
    ]


@pytest.mark.parametrize(("sources", "codename"), [(MIRRORS, None), (MIRRORS, "trixie"), ([], "bookworm")])
def test_a_machine_without_a_debian_mirror_leaves_the_choice_to_mmdebstrap(
    sources: list[Source], codename: str | None
) -> None:
    assert apt.lines_for("trixie", ("main",), sources, codename) == []


def test_every_file_of_the_machine_is_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example.com/debian bookworm main\n")
    (tmp_path / "sources.list.d/b.list").write_text("deb http://b.example.com/debian bookworm main\n")
    (tmp_path / "sources.list.d/c.sources").write_text(DEB822)
    (tmp_path / "sources.list.d/d.list.save").write_text("deb http://d.example.com/debian bookworm main\n")
    assert [source.uri.split(".")[0] for source in apt.machine_sources(tmp_path)] == [
        "http://a",
        "http://b",
        "http://mirror",
        "http://mirror",
    ]


@pytest.mark.parametrize(
    ("text", "codename"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n', "bookworm"),
        ("VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n", None),
        ("ID=debian\n", None),
    ],
)
def test_only_debian_has_a_debian_codename(text: str, codename: str | None) -> None:
    assert apt.debian_codename(text) == codename


def test_options_that_reach_the_mirror_are_carried() -> None:
    dump = (
        'APT "";\nAcquire::http::Proxy "http://proxy.example.com:3128";\nAcquire::https::Proxy "";\n'
        'Acquire::Check-Date "false";\nAcquire::Languages "none";\n'
    )
    assert apt.carried_options(dump) == {
        "Acquire::http::Proxy": "http://proxy.example.com:3128",
        "Acquire::Check-Date": "false",
    }
