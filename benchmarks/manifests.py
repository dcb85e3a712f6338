"""The streams as declarative manifests for Airbyte's CDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.clients.windows import windows

Manifest = dict[str, Any]
Settings = Mapping[str, Any]

_SCHEMA = {"type": "InlineSchemaLoader", "schema": {"type": "object", "additionalProperties": True}}


def _requester(settings: Settings, path: str, **more: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url_base": settings["api_url"], "path": path, "http_method": "GET"} | more


def _stream(name: str, key: str, requester: dict[str, Any], **retriever: Any) -> dict[str, Any]:
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    return {
        "type": "DeclarativeStream",
        "name": name,
        "primary_key": [key],
        "schema_loader": _SCHEMA,
        "retriever": {"type": "SimpleRetriever", "requester": requester, "record_selector": selector, **retriever},
    }


def _after_last(field: str, parameter: str) -> dict[str, Any]:
    """Return what asks on from a field of the last row, until a page is empty."""
    return {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": parameter},
        "pagination_strategy": {
            "type": "CursorPagination",
            "cursor_value": f"{{{{ last_record['{field}'] }}}}",
            "stop_condition": "{{ last_page_size == 0 }}",
        },
    }


def feedbacks(settings: Settings) -> list[Manifest]:
    """Agent Connect."""
    requester = _requester(
        settings,
        "/v2/data",
        request_parameters={"limit": "1000", "include_recovery": "true"},
        request_headers={"x-api-key": "key", "Authorization": "token"},
    )
    return [_stream("feedbacks", "uuid", requester, paginator=_after_last("sequence_id", "after"))]


def calls(settings: Settings) -> list[Manifest]:
    """ExecVision's calls, and a transcript for each."""
    access = {
        "type": "BasicHttpAuthenticator",
        "username": settings["username"],
        "password": settings["password"],
    }
    parameters = {"since": settings["start_date"], "limit": "1000"}
    of_calls = _requester(settings, "/calls", request_parameters=parameters, authenticator=access)
    parent = _stream("calls", "id", of_calls, paginator=_after_last("id", "last_id"))
    of_transcripts = _requester(settings, "/transcript/{{ stream_partition.call_id }}", authenticator=access)
    router = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {"type": "ParentStreamConfig", "parent_key": "id", "partition_field": "call_id", "stream": parent}
        ],
    }
    return [parent, _stream("transcripts", "call_id", of_transcripts, partition_router=router)]


def sessions(settings: Settings) -> list[Manifest]:
    """MaestroQA, a partition a window."""
    body = {
        "startDate": "{{ stream_partition.days[:10] }}",
        "endDate": "{{ stream_partition.days[11:] }}",
        "timeAxis": "createdAt",
    }
    requester = _requester(
        settings,
        "/coaching-sessions",
        http_method="POST",
        request_headers={"apiToken": settings["api_token"]},
        request_body_json=body,
    )
    days = [f"{start} {end}" for start, end in windows(settings)]
    router = {"type": "ListPartitionRouter", "cursor_field": "days", "values": days}
    return [_stream("coaching_sessions", "_id", requester, partition_router=router)]


CASES = {"feedbacks": feedbacks, "calls": calls, "sessions": sessions}


def files(case: str, settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration, with the manifest in it, and the catalog that selects its streams."""
    streams = CASES[case](settings)
    manifest = {
        "type": "DeclarativeSource",
        "version": "6.0.0",
        "check": {"type": "CheckStream", "stream_names": [streams[0]["name"]]},
        "streams": streams,
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "additionalProperties": True}},
    }
    selected = [
        {
            "stream": {"name": stream["name"], "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "overwrite",
        }
        for stream in streams
    ]
    return {"__injected_declarative_manifest": manifest}, {"streams": selected}
