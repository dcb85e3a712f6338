"""What the sandbox's own objects say of each agent's weeks: the marts must say the same, though from the tables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.execvision.calls import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.server import Sandbox
    from sandbox.warehouse import Warehouse

# A vendor, an agent's number, and the Monday of a week.
Place = tuple[str, int, date]


def number_of(email: str) -> int:
    found = re.match(r"user(\d+)[-@]", email)
    assert found, "an address that is no agent's"
    return int(found[1])


def monday(moment: datetime | str) -> date:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    day = at.astimezone(timezone.utc).date()
    return day - timedelta(days=day.weekday())


def sessions(sandbox: Sandbox, until: datetime) -> Counter[Place]:
    """Count the sessions held up to a moment."""
    return Counter(
        (vendor, number, monday(held)) for vendor, number, held in _held(sandbox) if held is not None and held <= until
    )


def _held(sandbox: Sandbox) -> Iterator[tuple[str, int, datetime | None]]:
    for session in sandbox.maestroqa.sessions.values():
        if not session["isDeleted"]:
            yield "maestroqa", int(session["agentId"]), session["meetingDate"] or session["createdAt"]
    for record in sandbox.agentconnect.coaching_sessions.values():
        if not record.row["archived"]:
            yield "agentconnect", number_of(record.row["employee"]["email"]), record.row["shared_at"]
    users = users_of(sandbox)
    for row in sandbox.execvision.account.feed("meetings").rows:
        yield "execvision", users[row.body["recipientId"]], row.body["startTime"]


def users_of(sandbox: Sandbox) -> dict[str, int]:
    people = (*sandbox.world.agents, *sandbox.world.coaches)
    return {identity("user", person.number): person.number for person in people}


def evaluations(sandbox: Sandbox) -> dict[Place, list[float]]:
    """Return the scores of evaluations that count."""
    found: dict[Place, list[float]] = defaultdict(list)
    for record in sandbox.agentconnect.qa_reviews.values():
        row = record.row
        if row["completed_at"] and row["count_toward_score"] and row["score"] not in (None, ""):
            place = ("agentconnect", number_of(row["employee"]["email"]), monday(row["completed_at"]))
            found[place].append(float(str(row["score"]).rstrip("%")))
    for scored in sandbox.execvision.account.feed("scores").rows:
        answers = scored.body["answers"]
        given = [answer["rawAnswer"] for answer in answers if answer["rawAnswer"] is not None]
        if given:
            place = ("execvision", number_of(answers[0]["caller"]), monday(answers[0]["scoreTime"]))
            found[place].append(20 * sum(given) / len(given))
    return found


def interactions(sandbox: Sandbox, care_from: datetime, care_to: datetime) -> Counter[Place]:
    """Count the interactions that somebody is named in, those of Care Analytics between two moments."""
    found: Counter[Place] = Counter()
    for record in sandbox.agentconnect.feedbacks.values():
        row = record.row
        found["agentconnect", number_of(row["employee"]["email"]), monday(row["request_created_at"])] += 1
    users = users_of(sandbox)
    for call in sandbox.execvision.account.feed("calls").rows:
        found["execvision", users[call.body["callerId"]], monday(call.body["callTime"])] += 1
    for answer in sandbox.caranalytics.written("response", care_from, care_to):
        if answer["responding_agent_email"]:
            at = datetime.strptime(answer["response_published_date"], "%m/%d/%Y %H:%M:%S").replace(tzinfo=timezone.utc)
            found["caranalytics", number_of(answer["responding_agent_email"]), monday(at)] += 1
    return found


def actions(sandbox: Sandbox) -> Counter[Place]:
    """Count the to-dos and action items by when they were made."""
    found: Counter[Place] = Counter()
    todos = {
        todo["_id"]: (int(session["agentId"]), todo)
        for session in sandbox.maestroqa.sessions.values()
        if not session["isDeleted"]
        for todo in session["todos"]
    }
    for number, todo in todos.values():
        found["maestroqa", number, monday(todo["createdAt"])] += 1
    items = {
        (item["owner"]["email"], item["text"], item["created_at"])
        for record in sandbox.agentconnect.coaching_sessions.values()
        if not record.row["archived"]
        for item in (*record.row["created_action_items"], *record.row["completed_action_items"])
    }
    for email, _, created in items:
        found["agentconnect", number_of(email), monday(created)] += 1
    return found


def people_in(warehouse: Warehouse) -> dict[str, int]:
    """Return the number of each person in dim_agent, who must be there once; an address tells it."""
    rows = warehouse.query("select agent_key, agent_email, vendors from analytics.dim_agent")[1]
    found = {str(key): number_of(str(email)) for key, email, _ in rows if email}
    found |= {str(key): 4711 for key, email, vendors in rows if not email and vendors == "maestroqa"}
    assert len(set(found.values())) == len(found)
    return found


def in_mart(warehouse: Warehouse, mart: str, week: str, where: str = "true") -> dict[Place, Any]:
    """Return the rows of a fact by vendor, person and week."""
    people = people_in(warehouse)
    _, rows = warehouse.query(
        f"select vendor, agent_key, {week}, count(*) from analytics.{mart} "
        f"where {where} and agent_key is not null group by 1, 2, 3"
    )
    return {(str(vendor), people[str(key)], day): int(str(count)) for vendor, key, day, count in rows}  # type: ignore[misc]


def since(counted: dict[Place, Any], first: date) -> dict[Place, Any]:
    """Leave out the weeks before: what is at the edge of a vendor's view leaves it from one run to the next."""
    return {place: value for place, value in counted.items() if place[2] >= first}
