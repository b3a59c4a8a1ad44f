"""Build the wheel with the configurations in it: configs/ becomes nnjax/configs, where `--config=NAME` finds them."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConfigsHook(BuildHookInterface):
    """Adds the folder to wheels; an editable installation reads it where it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder, and where it goes."""
        if version == "standard":
            build_data["force_include"]["configs"] = "nnjax/configs"
