"""The planner against brute force, and against itself over random walks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.plugins.module_utils.mig.gpu import GpuInstance, GpuInstanceSpec, User
from provision.plugins.module_utils.mig.placement import GeometryChange, NoPlacementError, plan_change
from provision.plugins.module_utils.mig.profiles import Placement, Profile

from .gpus import GPUS, reachable

A100 = GPUS["a100-sxm4-40gb"].profiles


def wanted(profiles: Mapping[str, Profile], *names: str) -> tuple[GpuInstanceSpec, ...]:
    return tuple(GpuInstanceSpec(name, (profiles[name].slices,)) for name in names)


def instance(identifier: int, name: str, start: int, *, users: tuple[User, ...] = ()) -> GpuInstance:
    profile = A100[name]
    size = profile.placements[0].size
    return GpuInstance(identifier, name, Placement(start, size), (profile.slices,), users)


def multisets(profiles: Mapping[str, Profile]) -> Iterator[Counter[str]]:
    """Every multiset that does not plainly exceed the GPU's memory slices, by one instance at most."""
    slices = max(place.start + place.size for profile in profiles.values() for place in profile.placements)
    ranges = [range(min(profile.limit, 7) + 1) for profile in profiles.values()]
    for counts in product(*ranges):
        chosen = Counter({name: count for name, count in zip(profiles, counts, strict=True) if count})
        if sum(profiles[name].placements[0].size * count for name, count in chosen.items()) <= slices + 1:
            yield chosen


@pytest.mark.parametrize("model", GPUS)
def test_finds_a_placement_exactly_where_there_is_one(model: str) -> None:
    profiles = GPUS[model].profiles
    possible = reachable(profiles)
    full = max(profiles.values(), key=lambda profile: profile.slices)
    checked = 0
    for chosen in multisets(profiles):
        engines = [
            sum(profiles[name].engines[kind] * count for name, count in chosen.items())
            for kind in range(len(full.engines))
        ]
        fits = frozenset(chosen.items()) in possible and all(
            used <= total for used, total in zip(engines, full.engines, strict=True)
        )
        asked = wanted(profiles, *chosen.elements())
        checked += 1
        try:
            change = plan_change(profiles, (), asked)
        except NoPlacementError:
            assert not fits, chosen
        else:
            assert fits, chosen
            assert_sound(profiles, (), asked, change)
    assert checked > 10


def assert_sound(
    profiles: Mapping[str, Profile],
    current: tuple[GpuInstance, ...],
    asked: tuple[GpuInstanceSpec, ...],
    change: GeometryChange,
) -> None:
    """Kept and created are what was asked for, at places that exist and do not overlap."""
    assert set(change.keep) | set(change.destroy) == set(current)
    assert not set(change.keep) & set(change.destroy)
    result = [kept.spec for kept in change.keep] + [item for item, _ in change.create]
    assert Counter(result) == Counter(asked)
    taken = 0
    for placement in [kept.placement for kept in change.keep] + [place for _, place in change.create]:
        assert not taken & placement.mask
        taken |= placement.mask
    for item, placement in change.create:
        assert placement in profiles[item.profile].placements


LAYOUTS = [sorted(dict(chosen).items()) for chosen in reachable(A100)]


@settings(max_examples=300, deadline=None)
@given(walk=st.lists(st.sampled_from(LAYOUTS), min_size=2, max_size=5), busy=st.integers(0, 127))
def test_walks_from_layout_to_layout(walk: list[list[tuple[str, int]]], busy: int) -> None:
    current: tuple[GpuInstance, ...] = ()
    for step, layout in enumerate(walk):
        asked = wanted(A100, *(name for name, count in layout for _ in range(count)))
        try:
            change = plan_change(A100, current, asked)
        except NoPlacementError:
            continue
        assert_sound(A100, current, asked, change)
        if Counter(asked) == Counter(kept.spec for kept in current):
            assert change.is_empty
        created = tuple(
            GpuInstance(
                100 * step + index,
                item.profile,
                place,
                item.compute_slices,
                (User("job"),) if busy >> index & 1 else (),
            )
            for index, (item, place) in enumerate(change.create)
        )
        current = (*change.keep, *created)


def test_keeps_what_runs_and_moves_what_does_not() -> None:
    running = instance(7, "1g.5gb", 0, users=(User("pid 1"),))
    idle = instance(8, "1g.5gb", 4)
    change = plan_change(A100, (running, idle), wanted(A100, "1g.5gb", "3g.20gb", "1g.5gb"))
    assert running in change.keep
    assert idle in change.destroy


def test_gives_up_an_instance_in_use_only_when_it_must() -> None:
    blocking = instance(7, "1g.5gb", 2, users=(User("pid 1"),))
    change = plan_change(A100, (blocking,), wanted(A100, "7g.40gb"))
    assert change.destroy == (blocking,)


def test_creates_largest_first() -> None:
    change = plan_change(A100, (), wanted(A100, "1g.5gb", "1g.5gb", "2g.10gb", "3g.20gb"))
    assert [item.profile for item, _ in change.create] == ["3g.20gb", "2g.10gb", "1g.5gb", "1g.5gb"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("7g.80gb",), "profile `7g.80gb` does not exist on this GPU, which has 1g.10gb"),
        (("1g.5gb+me", "1g.5gb+me"), "2 instances of `1g.5gb+me` were asked for, the GPU holds 1"),
        (("4g.20gb", "4g.20gb"), "the GPU holds 1"),
        (("3g.20gb", "4g.20gb", "1g.5gb"), "1x 3g.20gb + 1x 4g.20gb + 1x 1g.5gb do not fit"),
    ],
)
def test_refuses_in_words(names: tuple[str, ...], message: str) -> None:
    asked = tuple(GpuInstanceSpec(name, (1,)) for name in names)
    with pytest.raises(NoPlacementError, match=message.replace("+", r"\+")):
        plan_change(A100, (), asked)
