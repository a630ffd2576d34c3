"""Which hosts a play gives roles to."""

from tests.unit.roles.conftest import Play


def test_a_host_outside_the_selection_is_given_no_role(play: Play) -> None:
    done = play("site", provision_selection={"another": ["docker_engine"]})
    assert done.code == 0, done.said
    assert {call.module for call in done.calls} == {"setup", "gpu_info"}
