"""Tells in a person's words how a host differs from what a receipt measured on it. Pure.

Runs on hosts: Python 3.8, standard library only.
"""

from typing import Any, Callable, Dict, List, Mapping

_SYSTEMD_WORDS = {"inactive": "stopped", "failed": "failed", "activating": "keeps restarting"}


def compare(receipt: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    """Return the differences between a receipt's state and `measure(receipt["resources"])` of now.

    Empty means that nothing differs. A kind of resource that the receipt measured and `now` lacks, or the
    other way round, is a difference too.
    """
    before = receipt["state"]
    texts: List[str] = []
    for kind in sorted(set(before) | set(now), key=_order):
        if before.get(kind) == now.get(kind):
            continue
        if kind not in before or kind not in now or kind not in _COMPARISONS:
            texts.append("{} not measured".format(kind.replace("_", " ")))
        elif kind == "programs":
            texts.extend(_programs(_of_same_packages(receipt, now), now[kind]))
        else:
            texts.extend(_COMPARISONS[kind](before[kind], now[kind]))
    return texts


def _of_same_packages(receipt: Mapping[str, Any], now: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the programs of packages that have the version they had: those of another one go without saying."""
    before, packages = receipt["state"], now.get("packages", {})
    same = {
        name
        for name, package in before.get("packages", {}).items()
        if package["version"] == packages.get(name, {}).get("version")
    }
    paths = [path for name, each in receipt["resources"]["programs"].items() if name in same for path in each]
    return {path: before["programs"][path] for path in paths}


def _order(kind: str) -> int:
    kinds = list(_COMPARISONS)
    return kinds.index(kind) if kind in kinds else len(kinds)


def _gpus(before: Mapping[str, str], now: Mapping[str, str]) -> List[str]:
    """Compare `id UUID` by address. Without a driver there is no UUID, which says nothing of the GPU."""
    texts = []
    for address in sorted(set(before) | set(now)):
        old, new = before.get(address, "").split(), now.get(address, "").split()
        if not new:
            texts.append("GPU {} ({}) missing".format(address, old[0]))
        elif not old:
            texts.append("GPU {} ({}) added".format(address, new[0]))
        elif old[0] != new[0]:
            texts.append("GPU {} replaced: {} -> {}".format(address, old[0], new[0]))
        elif old[1:] and new[1:] and old != new:
            texts.append("GPU {} replaced: {} -> {}".format(address, old[1], new[1]))
    return texts


def _mig(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    return [
        "MIG of GPU {}: {} -> {}".format(address, old or "unknown", now.get(address) or "unknown")
        for address, old in sorted(before.items())
        if now.get(address) != old
    ]


def _kernel(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for name, old in sorted(before["modules"].items()):
        new = now["modules"].get(name, {"loaded": None, "installed": None})
        if old["installed"] is not None and new["installed"] is None:
            texts.append("kernel {} has no {} module".format(now["release"], name))
        elif old["installed"] != new["installed"]:
            texts.append("installed {} module {}".format(name, _step(old["installed"], new["installed"])))
        if old["loaded"] is not None and new["loaded"] is None:
            texts.append("{} module not loaded".format(name))
        elif old["loaded"] != new["loaded"]:
            texts.append("loaded {} module {}".format(name, _step(old["loaded"], new["loaded"])))
    return texts


def _packages(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for name, old in sorted(before.items()):
        new = now.get(name, {"version": None, "held": False})
        if old["version"] and not new["version"]:
            texts.append("{} {}".format(name, "is " + new["cut_off"] if "cut_off" in new else "removed"))
            continue
        if not old["version"] and new["version"]:
            texts.append("{} {} installed".format(name, new["version"]))
        elif old["version"] != new["version"]:
            texts.append("{} {} -> {}".format(name, old["version"], new["version"]))
        if old["held"] != new["held"]:
            texts.append("{} {}".format(name, "held" if new["held"] else "no longer held"))
    return texts


def _programs(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for path, old in sorted(before.items()):
        new = now.get(path)
        if new is None:
            texts.append("{} deleted".format(path))
        elif "target" in old and "target" in new and old != new:
            texts.append("{} leads to {} instead of {}".format(path, new["target"], old["target"]))
        elif old != new:
            texts.append("{} is not its package's any more".format(path))
    return texts


def _files(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for path, old in sorted(before.items()):
        new = now.get(path)
        if old == new:
            continue
        if new is None:
            texts.append("{} deleted".format(path))
        elif old is None:
            texts.append("{} created".format(path))
        elif old["type"] != new["type"]:
            texts.append("{} is a {} instead of a {}".format(path, new["type"], old["type"]))
        else:
            texts.extend(_attributes(path, old, new))
    return texts


def _attributes(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> List[str]:
    texts = []
    if old.get("sha256") != new.get("sha256"):
        texts.append("{} edited".format(path))
    for key, word in (("target", "points to"), ("mode", "mode"), ("owner", "owner"), ("group", "group")):
        if old.get(key) != new.get(key):
            texts.append("{} {} {} -> {}".format(path, word, old.get(key), new.get(key)))
    return texts


def _absent(before: Mapping[str, bool], now: Mapping[str, bool]) -> List[str]:
    return ["{} is back".format(path) for path in sorted(before) if now.get(path) and not before[path]]


def _json_keys(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for path, old in sorted(before.items()):
        new = now.get(path, {"error": "missing"})
        if old == new:
            continue
        if "error" in new:
            texts.append(
                "{} {}".format(path, "deleted" if new["error"] == "missing" else "is not valid JSON")
            )
            continue
        keys = old.get("keys", {})
        for key in sorted(set(keys) | set(new["keys"])):
            then, current = keys.get(key), new["keys"].get(key)
            if then != current:
                word = "removed" if current is None else "added" if then is None else "edited"
                texts.append("{} {} ({})".format(path, word, key))
    return texts


def _units(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    texts = []
    for name, old in sorted(before.items()):
        new = now.get(name, {"active": "unknown", "enabled": "", "load": "not-found"})
        if old["load"] == "loaded" and new["load"] == "not-found":
            texts.append("{} gone".format(name))
            continue
        if new["load"] == "masked" != old["load"]:
            texts.append("{} masked".format(name))
        elif old["enabled"] != new["enabled"]:
            texts.append("{} {}".format(name, new["enabled"] or "has no unit file"))
        if old["active"] != new["active"]:
            word = _SYSTEMD_WORDS.get(new["active"], new["active"])
            texts.append("{} {}".format(name, "running" if word == "active" else word))
    return texts


def _groups(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    return [
        "user {} no longer in group {}".format(user, group)
        for group, users in sorted(before.items())
        for user, member in sorted(users.items())
        if member and not now.get(group, {}).get(user)
    ]


def _nouveau(before: bool, now: bool) -> List[str]:
    return ["nouveau is loaded"] if before and not now else []


def _cdi(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    old, new = before["files"], now["files"]
    texts = ["CDI specification {} deleted".format(path) for path in sorted(set(old) - set(new))]
    texts += ["second CDI specification {}".format(path) for path in sorted(set(new) - set(old))]
    if texts:
        return texts
    if before["drivers"] != now["drivers"]:
        return [
            "CDI specification is for driver {}".format(
                _step(_join(before["drivers"]), _join(now["drivers"]))
            )
        ]
    if before["devices"] != now["devices"]:
        lost, added = (
            set(before["devices"]) - set(now["devices"]),
            set(now["devices"]) - set(before["devices"]),
        )
        words = ["lost {}".format(name) for name in sorted(lost)] + [
            "gained {}".format(n) for n in sorted(added)
        ]
        return ["CDI specification {}".format(", ".join(words) or "names a device twice")]
    return ["CDI specification {} edited".format(path) for path in sorted(old) if old[path] != new[path]]


def _join(values: List[str]) -> str:
    return ", ".join(values)


def _step(before: object, after: object) -> str:
    return "{} -> {}".format(before or "none", after or "none")


_COMPARISONS: Dict[str, Callable[[Any, Any], List[str]]] = {
    "gpus": _gpus,
    "mig": _mig,
    "kernel_modules": _kernel,
    "nouveau_absent": _nouveau,
    "packages": _packages,
    "programs": _programs,
    "files": _files,
    "absent": _absent,
    "json_keys": _json_keys,
    "groups": _groups,
    "units": _units,
    "cdi": _cdi,
}
