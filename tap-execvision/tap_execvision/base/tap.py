# Generated from tools/base/tap.py by `python -m tools generate`: edit it there.
"""The tap that every tap builds on: what the user hands over is made sense of, or named in one line."""

from __future__ import annotations

import gc
import io
import json
import logging
import sys
from abc import abstractmethod
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.mapper import CustomStreamMap
from singer_sdk.plugin_base import PluginBase
from singer_sdk.singerlib import Catalog, Schema
from typing_extensions import override

from .http import Redactor, TapError, vendor_clock
from .output import MessageWriter, in_one_line
from .quota import Quota
from .records import parse_datetime, shifted
from .settings import CONTROL, DAY, SettingsError, environment_settings, tidy, url_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    import requests


DOCTOR_HELP = (
    "Check the credentials, the clock, the quota and each selected stream before a run, and say how the vendor behaves "
    "where its documents are unclear. The lines hold no secret, no name and no row, so you can show them to anybody."
)
GC_THRESHOLDS = (100_000, 50, 100)  # the first is about seven pages of nested rows


class BaseTap(Tap):
    """A tap that refuses what it cannot use in one line that names it, without repeating a secret."""

    message_writer_class = MessageWriter

    #: Settings that become a header as they are.
    header_settings: ClassVar[tuple[str, ...]] = ("user_agent",)

    _vendor_started_at: datetime | None = None

    @property
    @abstractmethod
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""

    @cached_property
    def quota(self) -> Quota:
        """What the run uses of the vendor's quota."""
        return Quota(self.config.get("rate_limit_file"))

    @property
    def api_url(self) -> str:
        """The root of the API."""
        return str(self.config["api_url"]).rstrip("/")

    @cached_property
    def secrets(self) -> list[str]:
        """The secrets of this configuration."""
        secrets = [str(self.config.get(name) or "") for name in self.secret_settings()]
        user = self.config.get("username")
        return [*secrets, *(f"{user}:{secret}" for secret in secrets if user and secret)]

    @cached_property
    def redact(self) -> Redactor:
        """What masks those secrets in a vendor's text."""
        return Redactor(self.secrets)

    @classmethod
    def secret_settings(cls) -> list[str]:
        """Return the names of the settings that are secret."""
        properties: dict[str, dict[str, Any]] = cls.config_jsonschema["properties"]
        return [name for name, definition in properties.items() if definition.get("secret")]

    # The clock

    @cached_property
    def started_at(self) -> datetime:
        """When the run began on our clock, to the millisecond."""
        return datetime.fromtimestamp(self.initialized_at / 1000, timezone.utc)

    @property
    def run_started_at(self) -> datetime:
        """When the run began, on our clock or on the vendor's, whichever is behind: bookmarks stay before it."""
        return min(self.started_at, self._vendor_started_at or self.started_at)

    def note_clock(self, response: requests.Response, elapsed: float) -> None:
        """Note the vendor's clock at the run's first answer; `elapsed` is how many seconds that took."""
        if not self._vendor_started_at:
            now = vendor_clock(response)
            # A clock that is days away is none: some server has never been told the date.
            usable = now and abs(now - self.started_at) < timedelta(days=2)
            self._vendor_started_at = now - timedelta(seconds=elapsed + 1) if now and usable else self.started_at

    # Settings

    def config_datetime(self, setting: str) -> datetime | None:
        """Return a date setting as a moment in UTC, None when it is not set; an `end_date` that is a day is its end."""
        text = self.config.get(setting)
        moment = parse_datetime(text)
        if moment and setting == "end_date" and DAY.fullmatch(str(text)):
            return shifted(moment, timedelta(days=1, microseconds=-1))
        return moment

    def latest_start(self) -> datetime:
        """Return the moment that start_date must not lie after."""
        return datetime.now(timezone.utc)

    def config_errors(self) -> Iterator[str]:
        """Name what is wrong with settings that have the right types."""
        for name in ("start_date", "end_date"):
            if self.config.get(name) and not self.config_datetime(name):
                yield f"{name}: {self.config[name]!r} is not a date; write 2026-01-31 or 2026-01-31T00:00:00Z"
        start, end = self.config_datetime("start_date"), self.config_datetime("end_date")
        if start and start > (end or self.latest_start()):
            yield f"start_date: {self.config['start_date']!r} is after {'end_date' if end else 'now'}"
        for name, value in self.config.items():
            if isinstance(value, str) and CONTROL.search(value):
                yield f"{name}: holds a line break or another control character"
            elif name in self.header_settings and not str(value).isascii():
                yield f"{name}: holds a character that a header cannot hold (letters, digits and signs of ASCII)"
        if url := self.config.get("api_url"):
            yield from url_errors(url)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self._config = {name: tidy(name, value, self.config_jsonschema) for name, value in self._config.items()}
        # A null or an empty text is no value: the default holds.
        self._config = {name: value for name, value in self._config.items() if value not in (None, "")}
        try:
            super()._validate_config()
            errors = list(self.config_errors())
        except ConfigValidationError as error:
            errors = [self._without_secrets(text) for text in error.errors]
        if errors and raise_errors:
            raise SettingsError(errors)
        return errors

    def _without_secrets(self, error: str) -> str:
        for name in self.secret_settings():
            if value := self.config.get(name):
                error = error.replace(repr(value), "***").replace(str(value), "***")
        return " ".join(error.split())

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805  # as the SDK has it
        """Settings from the environment."""
        cls.append_builtin_config(cls.config_jsonschema)
        return environment_settings(cls.config_jsonschema, cls._env_var_prefix)

    # State and catalog

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state in, also in the wrapping that Meltano and STATE messages have."""
        state = _unwrapped(state)
        bookmarks = state.get("bookmarks", {})
        if not isinstance(bookmarks, dict) or (state and not {"bookmarks", "currently_syncing"} & state.keys()):
            message = '--state: this is not the state of a tap: {"bookmarks": {…}} is expected.'
            raise TapError(message)
        for name, bookmark in bookmarks.items():
            if not isinstance(bookmark, dict):
                message = f"--state: the bookmark of {name} is not an object: remove it, and the stream is read again."
                raise TapError(message)
        super().load_state(state)

    @property
    @override
    def catalog(self) -> Catalog:
        """The catalog that the mapper works from; with flattening, open objects are columns in it."""
        if self._catalog is None and self.config.get("flattening_enabled"):
            for entry in super().catalog.streams:
                schema = entry.schema.to_dict()
                # A stream whose unknown fields do not go to _extra has none at its root.
                properties = {name: _for_flattening(item) for name, item in schema.get("properties", {}).items()}
                entry.schema = Schema.from_dict({**schema, "properties": properties})
        return super().catalog

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps, and compare an earlier catalog with what the tap knows now."""
        PluginBase.setup_mapper(self)
        maps = self.mapper.stream_maps_dict
        for entry in self.catalog.streams:
            # The SDK would hold a map against the schema of a stream that is not selected, which has no fields.
            self.mapper.stream_maps_dict = maps if entry.metadata.resolve_selection()[()] else {}
            self.mapper.register_raw_streams_from_catalog(Catalog({entry.tap_stream_id: entry}))
        self.mapper.stream_maps_dict = maps
        for stream_map in (item for maps in self.mapper.stream_maps.values() for item in maps):
            if isinstance(stream_map, CustomStreamMap):
                # Records hold Decimals, and an expression's own numbers are floats, which do not mix.
                operators = stream_map.expr_evaluator.operators
                stream_map.expr_evaluator.operators = {kind: _exact(operator) for kind, operator in operators.items()}
        if self.input_catalog:
            self._warn_of_an_older_catalog(self.input_catalog)

    def _warn_of_an_older_catalog(self, catalog: Catalog) -> None:
        gone = sorted(entry.tap_stream_id for entry in catalog.streams if entry.tap_stream_id not in self.streams)
        missing = sorted(
            f"{stream.name}.{name}"
            for stream in self.streams.values()
            if stream.selected and (entry := catalog.get_stream(stream.name))
            for name in stream.schema["properties"].keys() - (entry.schema.properties or {}).keys()
        )
        if gone or missing:
            self.logger.warning(
                "The catalog is older than this tap (make a new one with --discover); streams that are gone: %s; "
                "fields that it lacks, which arrive in _extra: %s",
                *(", ".join(gone) or "none", ", ".join(missing) or "none"),
            )

    # The run

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the configuration files; what cannot be read is named."""
        try:
            for path in value:
                if Path(path).is_file():
                    _read_object("--config", path, Path(path).read_bytes())
            return super().cb_config(ctx, param, value)
        except OSError as error:
            message = f"--config: {error.strerror or 'no such file'}: {error.filename or ', '.join(value)}"
            raise TapError(message) from None
        except (ValueError, TypeError, RecursionError):
            message = f"--config: no JSON object in UTF-8: {', '.join(value)}"
            raise TapError(message) from None

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Read a row of each stream."""
        with in_one_line():
            super().cb_test(ctx, param, value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command line, with one option more than the SDK's."""
        command = super().get_singer_command()
        command.params.append(click.Option(["--doctor"], is_flag=True, help=DOCTOR_HELP))
        return command

    @classmethod
    @override
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, doctor: bool = False, **options: Any
    ) -> None:
        """Run, or say what a run would meet."""
        with in_one_line():
            for option, file in (("state", state), ("catalog", catalog)):
                if file:
                    name = str(getattr(file, "name", "-"))
                    content = file.buffer.read() if isinstance(file, io.TextIOWrapper) else file.read().encode()
                    parsed = _read_object(f"--{option}", name, content)
                    if option == "catalog":
                        _check_catalog(parsed, name)
                    options[option] = io.StringIO(json.dumps(parsed))
            if doctor:
                config, catalog = options["config"], options.get("catalog")
                tap = cls(
                    config=config.config, parse_env_config=config.parse_env, catalog=catalog and json.load(catalog)
                )
                tap.print_examination()
                return
            # Rows are trees, which need no collector: it would look at those of a page over and over.
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            super().invoke(**options)

    @abstractmethod
    def examine(self) -> Iterator[Any]:
        """Ask the vendor what a run would meet, and yield a line for each answer."""

    def print_examination(self) -> None:
        """Print what `examine` finds; TapError when a run would fail."""
        # What else a tap logs may hold the vendor's words.
        logging.disable()
        click.echo(f"{self.name} {self.plugin_version}, singer-sdk {self.sdk_version}, Python {sys.version.split()[0]}")
        marks = set()
        for finding in self.examine():
            marks.add(finding.mark)
            click.echo(str(finding))
        if "FAIL" in marks:
            message = "A run would fail: see the lines that begin with FAIL."
            raise TapError(message)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End with a status that says so; the SDK would end with 0, and write a state amid a record."""
        self.logger.info("Stopped by signal %d; the next run starts from the last state", signum)
        sys.exit(128 + signum)


def _unwrapped(state: Any) -> dict[str, Any]:
    """Return the state itself: Meltano wraps it as `singer_state`, a STATE message as `value`."""
    for key in ("completed", "value", "singer_state"):
        if isinstance(state, dict) and "bookmarks" not in state and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        message = "--state: this is not the state of a tap, but another kind of JSON."
        raise TapError(message)
    return state


def _read_object(option: str, name: str, content: bytes) -> dict[str, Any]:
    """Parse a file that the user hands over, or say what is wrong with it."""
    wrong = "holds no JSON object"
    try:
        parsed = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        parsed = None
        if isinstance(error, json.JSONDecodeError):
            wrong = (
                "holds more than one JSON object" if error.msg == "Extra data" else f"is no JSON at line {error.lineno}"
            )
    if isinstance(parsed, dict):
        return parsed
    message = f"{option}: {name} {wrong if content.strip() else 'is empty'}."
    raise TapError(message)


def _check_catalog(parsed: dict[str, Any], name: str) -> None:
    try:
        Catalog.from_dict(parsed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"--catalog: {name} is not a catalog ({type(error).__name__}): make one with --discover."
        raise TapError(message) from None


def _for_flattening(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with a column for all that flattening would leave out: open objects, and unknown fields."""
    properties = {name: _for_flattening(property_) for name, property_ in schema.get("properties", {}).items()}
    rest = {key: value for key, value in schema.items() if key != "properties"}
    if not properties:
        return rest
    if "object" in schema.get("type", ()) and "_extra" not in properties:
        properties["_extra"] = {"type": ["object", "null"]}
    return {**rest, "properties": properties}


def _exact(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operator that takes floats for Decimals where it meets both."""

    def apply(*operands: Any) -> Any:
        if any(isinstance(operand, Decimal) for operand in operands):
            operands = tuple(Decimal(repr(item)) if isinstance(item, float) else item for item in operands)
        return operator(*operands)

    return apply
