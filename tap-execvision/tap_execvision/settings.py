"""What every tap asks of its settings: sense, before the first request. The same file in every tap."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click
from singer_sdk import Tap
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.exceptions import ConfigValidationError

from .records import moment_of
from .transport import TapError, is_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests


class SettingsError(ConfigValidationError, click.ClickException):
    """Settings that make no sense: shown by name, exit status 1, no traceback."""


class StrictTap(Tap):
    """A tap that refuses senseless settings by name, without repeating a secret."""

    message_writer_class = MsgSpecWriter

    @property
    @abstractmethod
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""

    @classmethod
    def invoke(cls, **options: Any) -> None:
        """Run, and end in one line where a vendor's value nests deeper than Python can follow."""
        try:
            super().invoke(**options)
        except RecursionError:
            message = "A value nests too deep to be read: nothing else is wrong. Deselect its field, or report it."
            raise TapError(message) from None

    def moment(self, setting: str) -> datetime | None:
        """Return a date setting as a moment in UTC, None when it is not set."""
        return moment_of(self.config.get(setting))

    def senseless(self) -> Iterator[str]:
        """Name what is wrong with settings that have the right types."""
        for name in ("start_date", "end_date"):
            if self.config.get(name) and not self.moment(name):
                yield f"{name}: {self.config[name]!r} is no date; write 2026-01-31 or 2026-01-31T00:00:00Z"
        start, end = self.moment("start_date"), self.moment("end_date")
        if start and start > (end or self.latest_start()):
            yield f"start_date: {self.config['start_date']!r} is after {'end_date' if end else 'now'}"
        if (url := self.config.get("api_url")) and not is_safe(url):
            yield f"api_url: {url!r} must start with https:// (http:// goes on loopback only)"

    def latest_start(self) -> datetime:
        """Return the moment that start_date must not lie after."""
        return datetime.now(timezone.utc)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # A null is no value: the default holds.
        self._config = {name: value for name, value in self._config.items() if value is not None}
        try:
            super()._validate_config()
            errors = list(self.senseless())
        except ConfigValidationError as error:
            errors = [self._without_secrets(text) for text in error.errors]
        if errors and raise_errors:
            message = f"Settings refused: {'; '.join(errors)}"
            raise SettingsError(message, errors=errors)
        return errors

    def _without_secrets(self, error: str) -> str:
        for name, definition in self.config_jsonschema["properties"].items():
            if definition.get("secret") and (value := self.config.get(name)):
                error = error.replace(repr(value), "***").replace(str(value), "***")
        return error
