"""What a limit selects: never more than it names, and nothing where it names nothing."""

import json
import random
from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from provision.errors import InventoryError
from provision.inventory import load
from provision.runner import Playbook

_FLEET = "[gpu]\nhgx01\na100-01\n\n[cpu]\ncpu01\n"

_NOTHING = [
    "", " ", "\t\n", ",", ",,", " , ", ":", "::", ":,:", "!", "&", "!!", "!&", "& ", "@", "~", "!~", "&~", "~,",
    "[", "]", "[]", "@empty", "@blank", "@gone", "@folder", "@binary", "@bang", "!all", "&!all", "!gpu,!cpu",
    "gpu:!cpu01,cpu", "gpu:!", "gpu,&", "gpu,!!hgx01", ":!hgx01", ",!hgx01", "!hgx01,", "&gpu:", "gpu,@empty,!all",
]  # fmt: skip


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    (tmp_path / "blank").write_text("\n \n\n")
    (tmp_path / "bang").write_text("!\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\n")
    (tmp_path / "two").write_text("cpu01\n\nhgx01\n")
    (tmp_path / "folder").mkdir()
    path = tmp_path / "fleet.ini"
    path.write_text(_FLEET)
    return path


@pytest.mark.parametrize("limit", _NOTHING)
def test_a_limit_that_names_nothing_is_an_error(inventory: Path, limit: str) -> None:
    with pytest.raises(InventoryError) as raised:
        load(inventory, limit)
    assert raised.value.exit_code == 2
    assert raised.value.hint


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ("!cpu01", ("hgx01", "a100-01")),
        ("&gpu", ("hgx01", "a100-01")),
        ("gpu,", ("hgx01", "a100-01")),
        (",cpu01,,", ("cpu01",)),
        ("all:!cpu", ("hgx01", "a100-01")),
        ("@two", ("hgx01", "cpu01")),
        ("~.*01$:!cpu01", ("hgx01", "a100-01")),
    ],
)
def test_a_limit_that_names_something_is_ansible_s(
    inventory: Path, limit: str, names: tuple[str, ...]
) -> None:
    assert load(inventory, limit).names == names


def test_limits_of_separators_and_modifiers_never_select_everything(inventory: Path) -> None:
    """Whatever is written without a name in it: nobody is selected."""
    dice = random.Random(9)
    for _ in range(1500):
        limit = "".join(dice.choices(" ,:!&~@\t", k=dice.randint(0, 6)))
        with pytest.raises(InventoryError):
            load(inventory, limit)


_ODD = [
    "*", "g*", "gpu?", "[a-z]*", "!gpu", "&gpu",
    "~.*", "@two", "a,b", "a:b", "gpu:!x", "all", "ungrouped", "{{x}}", "a b",
    "a\nb", "a\x1b[7m", "a\u202eb", "h\x00", "h[01-10]",
]  # fmt: skip


@pytest.mark.parametrize("name", _ODD)
def test_a_host_whose_name_is_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text(json.dumps({"all": {"hosts": {name: {}, "good": {}}}}))
    for limit in (None, "good", name):
        with pytest.raises(InventoryError) as raised:
            load(path, limit)
        assert raised.value.exit_code == 2
        assert raised.value.message.isprintable()


@pytest.mark.parametrize("name", ["*", "!good", "&good", "~.*", "@two", "a,b", "good2"])
def test_the_name_of_a_group_widens_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "fleet.yml"
    children: dict[str, object] = {name: {"hosts": {"one": {}}}}
    path.write_text(json.dumps({"all": {"hosts": {"good": {}, "two": {}}, "children": children}}))
    assert load(path, "good").names == ("good",)
    assert load(path, "two,good").names == ("good", "two")


def _taken_by_ansible(inventory: Path, hosts: str) -> list[str]:
    """Return whom Ansible runs on when it is handed the file of hosts."""
    manager = InventoryManager(DataLoader(), sources=[str(inventory)])
    manager.subset(hosts)
    return [str(host) for host in manager.get_hosts("all")]


def test_ansible_runs_on_exactly_the_hosts_that_were_selected(tmp_path: Path) -> None:
    """Any names that an inventory may have, localhost and names of groups among them: no more, no fewer."""
    dice = random.Random(90)
    letters = "abcdefgh0123-_.é/$%^+#=~!&@:*,'\""
    tried = 0
    for number in range(150):
        names = {"".join(dice.choices(letters, k=dice.randint(1, 4))) for _ in range(4)}
        names |= set(dice.sample(["localhost", "127.0.0.1", "2001:db8::1", "gpu", "x-1"], 3))
        path = tmp_path / f"{number}.json"
        path.write_text(
            json.dumps({"all": {"hosts": dict.fromkeys(names), "children": {"gpu": {"hosts": {"g1": {}}}}}})
        )
        try:
            known = load(path).names
        except InventoryError:
            continue
        chosen = tuple(dice.sample(known, dice.randint(1, len(known))))
        written = tmp_path / f"{number}.hosts"
        written.write_text(Playbook("site", path, chosen).files()["hosts"])
        assert sorted(_taken_by_ansible(path, f"@{written}")) == sorted(chosen)
        tried += 1
    assert tried > 20
