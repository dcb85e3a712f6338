# Generated from tools/base/settings.py by `python -m tools generate`: edit it there.
"""Settings: what all taps have in common, and what makes sense as one."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from singer_sdk import typing as th
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError

from .http import is_secure_url, prepared_url, safe_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOOLEANS = ("true", "1", "yes", "on", "false", "0", "no", "off")
MAX_TIMEOUT = 24 * 3600
DAY = re.compile(r"\s*\d{4}-\d\d-\d\d\s*")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class SettingsError(ConfigValidationError, click.ClickException):
    """Settings that make no sense: shown by name, exit status 1, no traceback."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(f"Settings refused: {'; '.join(errors)}", errors=errors)


def common_settings(
    tap: str, api_url: str | None, about_api_url: str, about_timeout: str = ""
) -> list[th.Property[Any]]:
    """Return the settings that every tap has."""
    return [
        th.Property("api_url", th.StringType, default=api_url, title="API URL", description=about_api_url),
        th.Property(
            "request_timeout",
            th.IntegerType(minimum=1, maximum=MAX_TIMEOUT),
            default=300,
            title="Request timeout",
            description="Seconds to wait for a connection, or for the next part of an answer." + about_timeout,
        ),
        th.Property(
            "rate_limit_file",
            th.StringType,
            title="Rate limit file",
            description="A file in which all runs of one account on this machine count their requests, so that "
            "together they stay below the vendor's limits. Each account needs its own. Without it, a run does not know "
            "of others.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            default=tap,
            title="User agent",
            description="The User-Agent header that the tap sends.",
        ),
        th.Property(
            "emit_activate_version_messages",
            th.BooleanType,
            default=False,
            title="Emit ACTIVATE_VERSION messages",
            description="Whether a list that every run reads in full ends with an ACTIVATE_VERSION message, upon which "
            "targets delete the rows that did not come. No other stream sends one.",
        ),
    ]


def environment_settings(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read settings from the environment one by one: the SDK's own reading ends in a traceback, or guesses."""
    parse_environment_config({}, prefix)  # takes in .env
    found: dict[str, Any] = {}
    for name, definition in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        value = os.environ.get(variable, "").strip()
        types = definition.get("type", ())
        if not value:
            continue
        if "boolean" in types and value.lower() not in BOOLEANS:  # the SDK would take it for false
            raise SettingsError([f"{variable} is neither true nor false"])
        try:
            if {"array", "object"} & set(types):
                found[name] = json.loads(value, parse_float=Decimal)
            else:
                found |= parse_environment_config({"properties": {name: definition}}, prefix)
        except (ValueError, RecursionError):
            form = {"integer": "a whole number", "array": 'JSON: ["1", "2"]'}.get(types[0], 'JSON: {"name": "value"}')
            raise SettingsError([f"{variable} cannot be read; write {form}"]) from None
    return found


def tidy(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a setting without what pasting adds to it, and a number that came as text as a number."""
    if not isinstance(value, str):
        return value
    # A password may begin or end with a blank, but with no line break.
    value = value.strip("\r\n") if name == "password" else value.strip()
    if value and "number" in schema["properties"].get(name, {}).get("type", ()):
        with suppress(ValueError):
            return float(value)
    return value


def url_errors(url: str) -> Iterator[str]:
    """Name what is wrong with api_url, without what may be secret in it."""
    prepared = prepared_url(url)
    if not prepared:
        yield "api_url: is not a URL; write https://, a host and a path"
        return
    if not is_secure_url(url):
        yield f"api_url: {safe_url(url)} must start with https:// (http:// goes on loopback only)"
    if "@" in prepared.partition("//")[2].partition("/")[0]:
        yield f"api_url: leave user and password out of {safe_url(url)}: they have settings of their own"
    if "?" in prepared or "#" in prepared:
        yield f"api_url: leave out what follows {safe_url(url)}"
