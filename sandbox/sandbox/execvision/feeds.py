"""What people leave behind in ExecVision after a call: listens, scores, feedback, shares, coaching, KPIs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox import coaching
from sandbox.execvision.calls import Record, identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.world import Call, Person, World

SCHEMES: dict[str, tuple[tuple[Any, int], ...]] = {
    "OneToFive": ((0.0, 0), (1.0, 1), (2.0, 2), (3.0, 3), (4.0, 4), (5.0, 5)),
    "OneToThree": ((0.0, 0), (1.0, 1), (2.0, 3), (3.0, 5)),
    "OneTwo": ((0.0, 0), (1.0, 3), (2.0, 5)),
    "YesNo": (("no", 0), ("yes", 5)),
    "PassFail": (("fail", 0), ("pass", 5)),
}
SCORECARDS = {
    "Phone quality": ("OneToFive", ("Greets by name", "Listens", "Summarises", "Names the next step")),
    "Compliance": ("YesNo", ("Verifies the account", "Reads the notice", "Notes consent")),
    "Discovery": ("OneToThree", ("Asks open questions", "Asks for numbers", "Uncovers challenges")),
    "Side by side": ("OneTwo", ("Pulls it off", "Keeps calm")),
    "Certification": ("PassFail", ("Knows the tariff", "Finds the article")),
}
SKILLS = {44: "Lead In", 8750: "Pre-call Research", 51: "Empathy", 52: "Challenges"}
KPIS = {
    1: ("Linking goals", "MONTHLY", 23.23),
    2: ("Calls a day", "DAILY", 40),
    3: ("Customer satisfaction", "WEEKLY", 85.5),
    4: ("Retained contracts", "QUARTERLY", 12),
}
TEXTS = (
    "<p>enim adipisci vitae</p>",
    "<p>Très bon début 👏</p>",
    "<p>先に要約を。</p>",
    "<p>Verify first.</p>",
)

MEETING = timedelta(minutes=25)

# Rows that a test adds are numbered from here on.
FIRST_ADDED = 1_000_000


def listen(world: World, number: int, at: datetime, call: Call) -> Record:
    """Somebody listens to a part of a call."""
    chance = world.chance("execvision listen", number)
    return {
        "date": at.date(),
        "modified": None,
        "callId": identity("call", call.number),
        "listener": identity("user", chance.choice((*world.coaches, call.agent)).number),
        "caller": identity("user", call.agent.number),
        "timeListened": float(chance.randrange(5, call.seconds)),
    }


def result(world: World, number: int, at: datetime, call: Call) -> Record:
    """A coach fills in a scorecard about a call; the feed serves its answers one by one.

    The agent is judged by how good the agent is at that time.
    """
    chance = world.chance("execvision score", number)
    reviewer = world.coach_of(call.agent)
    card = chance.choice(list(SCORECARDS))
    scheme, questions = SCORECARDS[card]
    points, quality = [float(raw) for _, raw in SCHEMES[scheme]], coaching.quality(world, call.agent, at)
    skills = (*SKILLS.values(), None, None)
    common = {
        "reviewer": reviewer.email,
        "reviewerTeam": reviewer.team,
        "caller": call.agent.email,
        "callerTeam": call.agent.team,
        "callId": identity("call", call.number),
        "resultId": identity("result", number),
        "scoreTime": at,
        "modified": at,
        "scorecardId": identity("scorecard", card),
        "scorecardName": card,
    }
    answers = []
    for question in questions:
        answer, raw = SCHEMES[scheme][coaching.graded(chance, points, quality)] if chance.randrange(9) else (None, None)
        answers.append(
            {
                **common,
                "questionId": identity("question", question),
                "question": question,
                **{f"skill{place}": chance.choice(skills) for place in (1, 2, 3)},
                "scheme": scheme,
                "answer": answer,
                "rawAnswer": raw,
                "reason": chance.choice((None, None, "Rushed")),
                "comment": chance.choice((None, *TEXTS)),
            }
        )
    return {"answers": answers}


def feedback(world: World, number: int, at: datetime, call: Call) -> Record:
    """A coach comments on a moment of a call."""
    chance = world.chance("execvision feedback", number)
    return {
        "feedbackAt": at - timedelta(microseconds=_late(number)),
        "modified": None,
        "callId": identity("call", call.number),
        "feedbackBy": identity("user", chance.choice(world.coaches).number),
        "isComment": True,
        "isHighlight": False,
        "text": chance.choice((None, *TEXTS)),
        "startTime": float(chance.randrange(24)),
        "endTime": None,
    }


def share(world: World, number: int, _: datetime, call: Call) -> Record:
    """A coach sends a call to colleagues or to people outside."""
    chance = world.chance("execvision share", number)
    colleagues = chance.sample(world.agents, chance.randrange(3))
    outside = chance.choice(([], ["foo@customer.example"])) if colleagues else ["qa@partner.example"]
    return {
        "sharedAt": None,
        "callId": identity("call", call.number),
        "sharedBy": identity("user", chance.choice(world.coaches).number),
        "recipientUserIds": [identity("user", agent.number) for agent in colleagues],
        "recipientEmails": outside,
    }


def plan(world: World, number: int, at: datetime, call: Call) -> Record:
    """A coach plans some weeks of meetings with an agent."""
    chance = world.chance("execvision plan", number)
    skills = chance.sample(list(SKILLS), 2)
    names = ", ".join(SKILLS[skill] for skill in skills)
    weeks = chance.randrange(4, 14)
    return {
        "planId": number,
        "name": f"{names}, {at:%b %Y}-{at + timedelta(weeks=weeks):%b %Y}",
        "objective": f"{call.agent.name} should improve skills: {names}",
        "startDate": at,
        **_coaching(world, call.agent),
        "plannedMeetings": weeks,
        "completedMeetings": 0,
        "estimatedMissedMeetings": 0,
        "skill": [{"skillId": skill, "skillName": SKILLS[skill]} for skill in skills],
        "modified": None,
    }


def meeting(world: World, number: int, at: datetime, call: Call) -> Record:
    """A meeting is scheduled for three o'clock, New York's summer time, in a week."""
    return {
        "meetingId": number,
        "planId": number // 100,
        "dateTime": (at + timedelta(weeks=1)).replace(hour=19, minute=0, second=0, microsecond=0),
        **_coaching(world, call.agent),
        "startTime": None,
        "endTime": None,
        "scores": {},
        "callReviews": [{"callId": identity("call", call.number), "questions": []}],
        "questions": [_question("This is a text question", None, None, 0)],
        "comments": None,
        "modified": None,
    }


def observation(world: World, number: int, at: datetime, call: Call) -> Record:
    """A coach enters an agent's value for a KPI."""
    chance, people = world.chance("execvision kpi", number), _coaching(world, call.agent)
    return {
        "observedAt": at - timedelta(seconds=_late(number)),
        "observerId": people["coachId"],
        "observedId": people["recipientId"],
        "kpiId": chance.choice(list(KPIS)),
        "value": round(chance.uniform(0, 100), 2),
        "modified": None,
    }


def _late(number: int) -> int:
    """How late an added row is entered: each later than the one before, so that no two tell of one moment."""
    return max(number - FIRST_ADDED, 0)


def _coaching(world: World, agent: Person) -> Record:
    coach = world.coach_of(agent)
    return {"coachId": identity("user", coach.number), "recipientId": identity("user", agent.number)}


def _question(text: str, possible: int | None, actual: int | None, weight: int | None) -> Record:
    return {"question": text, "possibleScore": possible, "actualScore": actual, "reviewWeight": weight}


def _listen_on(body: Record, _: datetime) -> None:
    body["timeListened"] += 10.0


def _score_again(body: Record, at: datetime) -> None:
    """Change the last answer only."""
    answer = body["answers"][-1]
    given, raw = SCHEMES[answer["scheme"]][-1]
    answer.update(answer=given, rawAnswer=raw, comment="after calibration", modified=at)


def _reword(body: Record, _: datetime) -> None:
    body["text"] = f"{body['text'] or ''}<p>(edited)</p>"


def _meet(body: Record, at: datetime) -> None:
    """Hold the meeting, or comment on it when it has been held."""
    if body["endTime"]:
        body["comments"] = f"{body['comments'] or ''}asdfgsd fg "
        return
    body.update(startTime=at - MEETING, endTime=at, scores={"Challenges": 20, "Lead In": 80})
    asked = _question("Did the rep ask probing questions to uncover challenges?", 5, 1, None)
    body["callReviews"][0]["questions"].append(asked)
    body["questions"].append(_question("Does the rep pull it off?", 5, 5, 34))


def _complete_meeting(body: Record, _: datetime) -> None:
    body["completedMeetings"] += 1


def _correct(body: Record, _: datetime) -> None:
    body["value"] = round(body["value"] + 1, 2)


MAKES: dict[str, Callable[[World, int, datetime, Call], Record]] = {
    "listens": listen,
    "scores": result,
    "feedback": feedback,
    "shares": share,
    "plans": plan,
    "meetings": meeting,
    "kpis": observation,
}
# Shares are not among them: their feed tells only when they were made.
EDITS: dict[str, Callable[[Record, datetime], None]] = {
    "listens": _listen_on,
    "scores": _score_again,
    "feedback": _reword,
    "plans": _complete_meeting,
    "meetings": _meet,
    "kpis": _correct,
}
