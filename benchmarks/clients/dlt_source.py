"""The streams in dlt's declarative source for REST APIs.

    python -m benchmarks.clients.dlt_source feedbacks config.json WORK extract|load

It writes below the folder WORK, and prints how many rows it took. To load is to extract, normalise and write files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import filesystem
from dlt.sources.rest_api import rest_api_source

from benchmarks.clients.windows import windows


def after_last(field: str, param: str) -> dict[str, str]:
    """Return what asks on from a field of the last row, until a page is empty."""
    return {"type": "cursor", "cursor_path": f"[-1].{field}", "cursor_param": param}


def feedbacks(config: dict[str, Any]) -> dict[str, Any]:
    """Agent Connect."""
    endpoint = {
        "path": "v2/data",
        "params": {"after": 0, "limit": 1000, "include_recovery": "true"},
        "data_selector": "$",
        "paginator": after_last("sequence_id", "after"),
    }
    return {
        "client": {"base_url": config["api_url"], "headers": {"x-api-key": "key", "Authorization": "token"}},
        "resources": [{"name": "feedbacks", "primary_key": "uuid", "endpoint": endpoint}],
    }


def calls(config: dict[str, Any]) -> dict[str, Any]:
    """ExecVision's calls, and a transcript for each."""
    access = {"type": "http_basic", "username": config["username"], "password": config["password"]}
    of_calls = {
        "path": "calls",
        "params": {"since": config["start_date"], "limit": 1000},
        "data_selector": "$",
        "paginator": after_last("id", "last_id"),
    }
    of_transcripts = {"path": "transcript/{resources.calls.id}", "data_selector": "$", "paginator": "single_page"}
    return {
        "client": {"base_url": config["api_url"], "auth": access},
        "resources": [
            {"name": "calls", "primary_key": "id", "endpoint": of_calls},
            {"name": "transcripts", "include_from_parent": ["id"], "endpoint": of_transcripts},
        ],
    }


def sessions(config: dict[str, Any]) -> dict[str, Any]:
    """MaestroQA, a resource a window."""
    resources = [
        {
            "name": f"window_{start:%Y%m%d}",
            "table_name": "coaching_sessions",
            "primary_key": "_id",
            "endpoint": {
                "path": "coaching-sessions",
                "method": "POST",
                "json": {"startDate": str(start), "endDate": str(end), "timeAxis": "createdAt"},
                "data_selector": "$",
                "paginator": "single_page",
            },
        }
        for start, end in windows(config)
    ]
    return {
        "client": {"base_url": config["api_url"], "headers": {"apiToken": config["api_token"]}},
        "resources": resources,
    }


CASES = {"feedbacks": feedbacks, "calls": calls, "sessions": sessions}


def main() -> None:
    """Extract, and load if asked to."""
    case, config_path, work, goal = sys.argv[1:]
    config = json.loads(Path(config_path).read_text())
    source = rest_api_source(CASES[case](config))
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=f"{work}/pipelines",
        destination=filesystem(f"file://{work}/files"),
        dataset_name=case,
    )
    pipeline.extract(source)
    tables = pipeline.last_trace.last_extract_info.metrics
    rows = sum(
        metrics.items_count
        for loads in tables.values()
        for load in loads
        for name, metrics in load["resource_metrics"].items()
        if name in source.resources
    )
    if goal == "load":
        pipeline.normalize()
        pipeline.load()
    print(rows)


if __name__ == "__main__":
    main()
