"""Build hook: an editable install uses the clone, so it must not carry a frozen copy of the collection."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CollectionBuildHook(BuildHookInterface):
    """Drops the force-included collection from editable builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Empty the force-include table when hatchling builds for `pip install -e`."""
        if version == "editable":
            self.build_config.target_config["force-include"] = {}
