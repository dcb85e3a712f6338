"""The sources of the dbt project: the tables that the taps' streams become, as `--discover` tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

HEAD = "# Generated from the taps' catalogs by `python -m tools generate`: edit their streams.py.\n"
# A list that comes whole with every run; a feed, which may have nothing to bring for days.
WHOLE = {"warn_after": (26, "hour"), "error_after": (50, "hour")}
FEED = {"warn_after": (7, "day")}


def sources(taps: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str:
    """Return the file that names the tables, from what each tap is about and its streams."""
    found = [_source(name.removeprefix("tap-"), *about) for name, about in sorted(taps.items())]
    text = yaml.dump({"version": 2, "sources": found}, sort_keys=False, allow_unicode=True, width=4096)
    return HEAD + text


def is_on(vendor: str) -> str:
    """Return the condition, in dbt's terms, under which a vendor is there."""
    return (
        f"{{{{ not env_var('DBT_VENDORS', '') or '{vendor}' in env_var('DBT_VENDORS').replace(' ', '').split(',') }}}}"
    )


def _source(vendor: str, about: str, streams: Mapping[str, Any]) -> Json:
    return {
        "name": vendor,
        "schema": f"tap_{vendor}",
        "description": about,
        "config": {"enabled": is_on(vendor), "loaded_at_field": "_sdc_batched_at at time zone 'UTC'"},
        "tables": [_table(stream) for _, stream in sorted(streams.items())],
    }


def _table(stream: Any) -> Json:
    return {
        "name": stream.name,
        "description": _text(type(stream).__doc__ or ""),
        "config": {"freshness": _freshness(stream)},
        "columns": [
            {"name": name, "description": _text(definition.get("description", ""))}
            for name, definition in stream.schema["properties"].items()
        ],
    }


def _freshness(stream: Any) -> Json | None:
    """Return when to warn that nothing has come; never for what comes only when a row of another stream names it."""
    if not (stream.is_whole_list or stream.replication_key):
        return None
    limits = WHOLE if stream.is_whole_list else FEED
    return {when: {"count": count, "period": period} for when, (count, period) in limits.items()}


def _text(text: str) -> str:
    """Return a description on one line, in which dbt sees no expression of its own."""
    return " ".join(text.split()).replace("{{", "{ {").replace("}}", "} }")
