"""A DAG for each account in tenants.yml: Meltano moves its rows, Airflow distributes, retries and shows.

Needs Airflow 3.3 or newer on Linux, and this project with its plugins installed (`meltano install`).
"""

from __future__ import annotations

import json
import os
import socket
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import one_run
import yaml
from airflow.sdk import DAG, Asset, Connection, Param, get_current_context, get_parsing_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.sdk.log import mask_secret

PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT", Path(__file__).parents[2]))
ENVIRONMENT = os.environ.get("MELTANO_ENVIRONMENT", "prod")
QUOTA = timedelta(seconds=61)  # so long after the last request, every vendor's quota is whole
# Why only Care Analytics is loaded in slices: a first load takes it hours, and the others minutes.
NOT_SLICED = {
    "tap-agentconnect": "an earlier start_date has it read everything anew, so slices save nothing",
    "tap-execvision": "it has no end_date, so every slice would read up to now",
    "tap-maestroqa": "edits made between a slice and the next run would be lost, and ten years take 75 seconds",
}
TIMES: dict[str, Any] = {"type": ["null", "string"], "format": "date"}
# Over ten minutes and more, also where a worker was killed.
RETRIES = {"retries": 6, "retry_delay": timedelta(seconds=10), "retry_exponential_backoff": True}
PARAMS = {
    "start": Param(None, **TIMES, description="Load the past from this day on, in slices, the newest first."),
    "end": Param(None, **TIMES, description="The last day of the past: the one before start_date in tenants.yml."),
    "days": Param(7, type="integer", minimum=1, description="Days in a slice, for whose end what is new waits."),
}


def account_dag(tenant: str, tap: str, plain: dict[str, Any], schedule: str, loader: str) -> DAG:
    """Return an account's DAG: what there is to load, and the task that loads it, one at a time."""
    account = f"{tenant}_{tap}".replace("-", "_")
    tables = Asset(account)

    @task
    def slices(params: dict[str, Any]) -> list[dict[str, str]]:
        """Return what is new, or the slices of the past that a triggered run asks for."""
        if not (params["start"] or params["end"]):
            return [{}]
        if reason := NOT_SLICED.get(tap):
            message = f"{tap} is not loaded in slices: {reason}. Set start_date in tenants.yml."
            raise AirflowFailException(message)
        start, end = (date.fromisoformat(params[name] or "-") for name in ("start", "end"))
        if not start <= end < datetime.now(timezone.utc).date():
            message = "start must not lie after end, and end must be a day that is over in UTC"
            raise AirflowFailException(message)
        days = timedelta(days=params["days"])
        firsts = [start + number * days for number in range((end - start) // days + 1)]
        spans = [(first, min(first + days - timedelta(days=1), end)) for first in reversed(firsts)]
        return [{"start_date": str(first), "end_date": str(last)} for first, last in spans]

    @task(
        max_active_tis_per_dag=1,  # in all runs of the DAG: two at once would share a quota and a state
        map_index_template="{{ shown }}",
        outlets=[tables],
    )
    def load(part: dict[str, str]) -> dict[str, Any]:
        """Load the account, or one slice of its past; return what an operator wants to know of it."""
        context = get_current_context()
        context["shown"] = "{start_date} to {end_date}".format(**part) if part else "what is new"
        memory, here = context["asset_state_store"][tables], socket.gethostname()
        state_id = ":".join([f"{ENVIRONMENT}:{tap}-to-{loader}", tenant, *([part["start_date"]] if part else [])])
        run = one_run.OneRun(PROJECT, account, tap, loader)
        variables = variables_of(tap, secrets_of(account, tap) | {"_load_schema": account, **plain, **part})
        variables |= variables_of(loader, connection_settings(loader.replace("-", "_")))
        # Here, the file that counts requests knows of earlier runs; elsewhere, a minute's rest has to do.
        last = memory.get("last_run") or {}
        if last and not (last["host"] == here and run.quota_file.exists()):
            ended = datetime.fromisoformat(last["ended"]) if last["ended"] else datetime.now(timezone.utc)
            time.sleep(max(0, (ended + QUOTA - datetime.now(timezone.utc)).total_seconds()))
        unfinished = memory.get("unfinished") or {}
        memory.set("last_run", {"host": here, "ended": None})
        memory.set("unfinished", {**unfinished, state_id: here})
        try:
            # What was killed on this machine is gone for certain; Meltano alone would wait five minutes to be sure.
            result = run.load(ENVIRONMENT, state_id, variables, force=unfinished.pop(state_id, None) == here)
        finally:
            memory.set("unfinished", unfinished)
            memory.set("last_run", {"host": here, "ended": datetime.now(timezone.utc).isoformat()})
        if result.error:
            raise (AirflowFailException if result.is_hopeless else AirflowException)(result.error)
        context["shown"] += f": {result.rows} rows, {result.requests} requests, {result.waited:.0f} s of waiting"
        shown: dict[str, Any] = result.shown()
        context["outlet_events"][tables].extra = shown
        return shown

    with DAG(
        account,
        schedule=schedule,
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=2,  # slices of the past, and the schedule beside them
        is_paused_upon_creation=False,
        default_args=RETRIES,
        params=PARAMS,
        tags=[tenant, tap],
    ) as dag:
        load.expand(part=slices())
    return dag


def secrets_of(account: str, tap: str) -> dict[str, Any]:
    """Return the settings in the account's connection; without them, those of another account might be used."""
    found = connection_settings(account)
    if missing := one_run.secret_settings(PROJECT, tap) - found.keys():
        message = f"The connection {account} lacks {', '.join(sorted(missing))}"
        raise AirflowFailException(message)
    return found


def connection_settings(name: str) -> dict[str, Any]:
    """Return the settings that a connection holds, if there is one: login, password, and all in its extra."""
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        return {}
    found = {"username": connection.login, "password": connection.password, **connection.extra_dejson}
    for value in found.values():
        mask_secret(value)
    return {setting: value for setting, value in found.items() if value}


def variables_of(plugin: str, settings: dict[str, Any]) -> dict[str, str]:
    """Return settings as the environment variables that Meltano reads."""
    return {
        f"{plugin}_{name}".upper().replace("-", "_"): str(value) if isinstance(value, str | date) else json.dumps(value)
        for name, value in settings.items()
    }


listed = yaml.safe_load((PROJECT / "orchestrate/tenants.yml").read_text())
for name, own in listed["tenants"].items():
    for plugin, given in own.items():
        if plugin.startswith("tap-"):
            one_run.check(PROJECT, name, plugin, given)
            made = account_dag(name, plugin, given, own.get("schedule", listed["schedule"]), listed["loader"])
            if get_parsing_context().dag_id in {None, made.dag_id}:
                globals()[made.dag_id] = made
