"""MaestroQA's coaching export, from its help article: one POST, one bare array, at most 90 days."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from sandbox import coaching
from sandbox.vendor import Limit, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from sandbox.world import Person

Session = dict[str, Any]

KPIS = ("average handle time", "first contact resolution", "adherence")
CRITERIA = ("Greeting", "Empathy", "Accuracy", "Next steps")
NOTES = (
    "Bonne écoute, mais l’appel dépasse le temps cible.",
    "Strong opening; verify the account before you share any figure.",
    "很好 👏 — keep summarising before you close.",
    "Zeigt Geduld. Nächste Woche: Rückfragen üben.\n\n- two calls side by side\n- one self-review",
)


@dataclass
class MaestroQA(Vendor):
    """Sessions with points, to-dos and log. The fields are what the article leaves open, or how it may differ."""

    name: ClassVar[str] = "maestroqa"
    limits: tuple[Limit, ...] = (Limit(1, 1), Limit(30, 60))

    token: str = "sandbox-token-maestroqa"  # noqa: S105
    end_day: Literal["inclusive", "exclusive"] = "exclusive"
    # Hours ahead of UTC at which the vendor's days start earlier: -12 to +14.
    utc_offset: int = 0
    max_days: int = 90
    # The last day that may be asked for, counted from the vendor's today: 0, or -1 for days that are over; None: any.
    last_day: int | None = None
    # How it refuses days; {days} is the maximum.
    refusal_status: int = 400
    refusal: str | None = "Date range must be within {days} days."
    unset_keys: Literal["null", "missing"] = "null"
    retry_after: str | None = None

    @cached_property
    def sessions(self) -> dict[str, Session]:
        """Every session by its id."""
        sessions: dict[str, Session] = {}
        for number, moment in self.world.moments(coaching.SESSION_EVERY, "session"):
            self._coach(number, moment, sessions)
        return sessions

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/v1/coaching-sessions", self.coaching_sessions, methods=["POST"])]

    def unauthorised(self, request: Request) -> Response | None:
        if request.headers.get("apiToken") == self.token:
            return None
        return JSONResponse({"error": "Invalid API token."}, 401)

    def too_many(self, limit: Limit) -> Response:
        span = "second" if limit.seconds == 1 else "minute"
        headers = {"Retry-After": self.retry_after} if self.retry_after else None
        return JSONResponse({"error": f"Too many requests in the past {span}."}, 429, headers)

    async def coaching_sessions(self, request: Request) -> Response:
        """Sessions which were created or took place within the requested days."""
        body = await request.json()
        axis = body.get("timeAxis")
        if axis not in {"meetingDate", "createdAt"}:
            return JSONResponse({"error": "timeAxis must be meetingDate or createdAt."}, 400)
        try:
            start, end = (date.fromisoformat(body[key]) for key in ("startDate", "endDate"))
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"error": "startDate and endDate must be formatted YYYY-MM-DD."}, 400)
        today = self._day(self.now)
        too_late = self.last_day is not None and (end - today).days > self.last_day
        if too_late or not 0 <= (end - start).days <= self.max_days:
            body = {"error": self.refusal.format(days=self.max_days)} if self.refusal is not None else {}
            return JSONResponse(body, self.refusal_status)
        found = (
            session
            for session in list(self.sessions.values())
            if (moment := session[axis])
            and start <= self._day(moment)
            and (self._day(moment) <= end if self.end_day == "inclusive" else self._day(moment) < end)
        )
        return StreamingResponse(self._array(found), media_type="application/json")

    def _day(self, moment: datetime) -> date:
        return (moment + timedelta(hours=self.utc_offset)).date()

    def _array(self, sessions: Iterator[Session]) -> Iterator[str]:
        yield "["
        for index, session in enumerate(sessions):
            yield ("," if index else "") + json.dumps(self._written(session), default=_date)
        yield "]"

    def _written(self, session: Session) -> Session:
        if self.unset_keys == "null":
            return session
        return {key: value for key, value in session.items() if value is not None}

    def soft_delete(self, session: Session, at: datetime) -> None:
        """Flag a session as deleted."""
        session.update(isDeleted=True, updatedAt=at)
        self._log(session, "delete", at)

    def complete_todo(self, session: Session, at: datetime) -> None:
        """Complete a to-do; the session's own updatedAt stays as it is."""
        session["todos"][0].update(status="complete", completedAt=at, updatedAt=at)

    def add_session(self, at: datetime) -> Session:
        """Plan a coaching session at this moment."""
        return self._coach(f"added {at.isoformat()}", at, self.sessions)

    def simulate_hour(self, at: str) -> None:
        moment, chance = datetime.fromisoformat(at), self.world.chance("work", at)
        alive = [session for session in self.sessions.values() if not session["isDeleted"]]
        self.soft_delete(chance.choice(alive), moment)
        self.complete_todo(chance.choice([session for session in alive if session["todos"]]), moment)
        self.add_session(moment)

    def _coach(self, number: object, created: datetime, sessions: dict[str, Session]) -> Session:
        chance = self.world.chance("session", number)
        coached = coaching.session(self.world, number, created)
        agent = coached.agent
        coach = self.world.coach_of(agent)
        template = chance.choice(("Weekly 1:1", "Calibration follow-up", "New starter"))
        session: Session = {
            "_id": _id(chance),
            "coachingFormName": f"{template} with {agent.first_name}",
            "coachingTemplateId": _id(self.world.chance(template)),
            "coachingTemplateName": template,
            "meetingFormat": chance.choice(("Virtual", "In person", None)),
            "formCreatorId": str(coach.number),
            "formCreatorName": coach.name,
            "coachName": coach.name,
            "coachId": str(coach.number),
            "agentId": str(agent.number),
            "agentName": agent.name,
            "createdAt": created,
            "updatedAt": created,
            "sharedWithAgent": chance.random() < 0.9,
            "meetingDate": coached.planned,
            "agentConfirmed": False,
            "coachConfirmed": False,
            "coachNotes": chance.choice(NOTES) * chance.choice((1, 1, 1, 40)),
            "agentNotes": chance.choice((None, "", "Merci !", "Agreed.")),
            "isDeleted": False,
            "activityLog": [],
            "coachingPoints": [],
            "todos": [],
        }
        self._log(session, "create", created, by=coach)
        self._add_points(session, chance, created, next(reversed(sessions.values()), None))
        for _ in range(chance.choice((0, 1, 1, 2))):
            self._add_todo(session, chance, created, coach)
        self._live(session, chance, created)
        sessions[session["_id"]] = session
        return session

    def _add_points(self, session: Session, chance: Random, at: datetime, earlier: Session | None) -> None:
        for _ in range(chance.choice((0, 1, 2, 3))):
            kind = chance.choice(("general", "qa", "csat", "productivity"))
            qa = kind == "qa"
            session["coachingPoints"].append(
                {
                    "_id": _id(chance),
                    "coachingFormIds": [session["_id"]],
                    "type": chance.choice(("strength", "opportunity", "n/a")),
                    "classification": kind,
                    "ticketId": None if kind == "general" else self.world.ticket_before(at),
                    "subject": chance.choice(("Tone", "Hold time", "Résumé of the call", "")),
                    "rubricName": "Phone quality" if qa else None,
                    "criteriaName": chance.choice(CRITERIA) if qa else None,
                    "kpiName": chance.choice(KPIS) if kind == "productivity" else None,
                    "score": None if kind == "general" else str(chance.randrange(0, 101)),
                    "agentNotes": None,
                    "coachNotes": chance.choice(NOTES),
                    "createdAt": at,
                    "updatedAt": at,
                    "isDeleted": False,
                }
            )
        if earlier and earlier["coachingPoints"] and chance.random() < 0.1:
            point = earlier["coachingPoints"][0]
            point["coachingFormIds"].append(session["_id"])
            session["coachingPoints"].append(point)

    @staticmethod
    def _add_todo(session: Session, chance: Random, at: datetime, coach: Person) -> None:
        session["todos"].append(
            {
                "_id": _id(chance),
                "actionString": "Listen to two of your own calls",
                "coachingFormIds": [session["_id"]],
                "completedAt": None,
                "createdAt": at,
                "creatorId": str(coach.number),
                "creatorName": coach.name,
                "description": chance.choice(NOTES),
                "link": chance.choice(("", "https://contact-centre.example/guide")),
                "status": "open",
                "title": chance.choice(("Self-review", "Shadow a colleague")),
                "type": "task",
                "updatedAt": at,
                "isDeleted": False,
            }
        )

    def _live(self, session: Session, chance: Random, created: datetime) -> None:
        """Confirmations within the week, to-dos within weeks, late edits and deletions up to a year after."""
        confirmed = created + timedelta(days=chance.uniform(1, 7))
        done = created + timedelta(days=chance.uniform(2, 40))
        late = created + timedelta(days=chance.uniform(30, 400))
        edited, deleted = chance.random() < 0.15, chance.random() < 0.05
        if confirmed < self.world.now:
            session.update(agentConfirmed=True, coachConfirmed=chance.random() < 0.8, updatedAt=confirmed)
            self._log(session, "confirm", confirmed)
        if session["todos"] and done < self.world.now:
            self.complete_todo(session, done)
        if edited and late < self.world.now:
            session.update(coachNotes=chance.choice(NOTES) + "\n(edited)", updatedAt=late)
            self._log(session, "update", late)
        if deleted and late < self.world.now:
            self.soft_delete(session, late)

    def _log(self, session: Session, action: str, at: datetime, by: Person | None = None) -> None:
        person = by or self.world.coach_of(
            next(agent for agent in self.world.helpdesk_agents if str(agent.number) == session["agentId"])
        )
        session["activityLog"].append(
            {
                "userId": str(person.number),
                "userEmail": person.email,
                "actionType": action,
                "descriptions": [f"{person.first_name}: {action}"],
                "timestamp": at,
                "ipAddress": f"203.0.113.{person.number % 250}",
            }
        )


def _id(chance: Random) -> str:
    return "".join(chance.choices(ascii_letters + digits, k=17))


def _date(value: datetime) -> str:
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
