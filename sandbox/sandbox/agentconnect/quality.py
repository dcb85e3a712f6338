"""What Agent Connect keeps of how the contact centre's agents are judged and coached."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox import coaching
from sandbox.agentconnect.data import COMMENTS, DAY, Record, person, url, uuid_of
from sandbox.world import CALL_EVERY, EPOCH, Call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sandbox.agentconnect.data import Row
    from sandbox.world import World

SCORECARDS = ("Phone form", "Chat form", "E-mail form")
CRITERIA = (
    (1, "Did the agent make an empathy statement?", None, None, ((1, "Yes", 10), (2, "No", 0))),
    (2, "Did the agent address the customer by name?", None, None, ((3, "Yes", 10), (4, "No", 0))),
    (
        7,
        "Was the account verified?",
        "Compliance",
        40,
        ((31, "Yes", 12.5), (32, "Partly", 7.5), (33, "No", 0)),
    ),
    (9, "Were the next steps clear?", "Closing", 20, ((41, "Yes", 7.5), (43, "No", 0), (42, "N/A", None))),
)
# How good audited reviews are, and how often a question does not apply where it may not.
AUDITED, NOT_APPLICABLE = 0.85, 0.1
ITEMS_KEPT_FROM = datetime(2025, 10, 1, tzinfo=timezone.utc)


def review(world: World, call: Call) -> Record:
    """Give the QA review of a call: begun within days, done within minutes, now and then edited later.

    The agent is judged by how good the agent is at its completion.
    """
    chance = world.chance("review", call.number)
    created = _whole(call.started) + timedelta(seconds=chance.randrange(DAY // 2, 6 * DAY))
    started = created + timedelta(seconds=chance.randrange(60, DAY))
    completed = started + timedelta(seconds=chance.randrange(120, 1800))
    coach, counts = world.coach_of(call.agent), chance.random() < 0.92
    questions, score = _answered(chance, coaching.quality(world, call.agent, completed))
    failed = chance.random() < 0.03
    score = 0.0 if failed else score
    spelled = chance.choice((f"{score:g}%", f"{score:g}%", f"{score:g}%", f"{score:.1f}%", round(score)))
    row: Row = {
        "uuid": uuid_of(world, "review", call.number),
        "interaction_id": chance.choice((call.ticket, call.ticket, call.ticket, int(call.ticket))),
        "interaction_url": url(call.ticket),
        "completed_at": completed,
        "created_at": created,
        "started_at": started,
        "count_toward_score": counts,
        "score": spelled if counts else chance.choice((None, None, "")),
        "autofailed": failed,
        "solicitation_id": uuid_of(world, "feedback", call.number),
        "sequence_id": 0,
        "scorecard": _scorecard(world, completed, chance),
        "employee": {
            **person(call.agent, chance.choice((None, "null", str(call.agent.number)))),
            "team_leader": person(coach, None) if chance.random() < 0.97 else None,
        },
        "groups": chance.choice(([call.agent.team], [call.agent.team, "New Hires"], [], None)),
        "reviewer": person(coach, chance.choice((None, coach.number))) if chance.random() < 0.95 else None,
        "questions": questions,
    }
    if completed >= world.now:
        row.update(completed_at=None, score=None)
    edited = completed + timedelta(seconds=chance.randrange(DAY, 300 * DAY))
    if chance.random() < 0.1 and edited < world.now:
        questions["1"]["comment"] = "Reviewed again after the agent’s dispute."
        return Record(row, call.number, created, edited)
    return Record(row, call.number, created, completed if completed < world.now else created)


def qa_reviews(world: World) -> list[Record]:
    """Give a review of every seventh call."""
    records = [review(world, call) for call in world.calls if call.number % 7 == 0]
    return [record for record in records if record.updated < world.now]


def audit(world: World, reviewed: Record, number: int) -> Record:
    """Give the audit of a review, which sends that review along."""
    chance = world.chance("audit", number)
    created = reviewed.updated + timedelta(seconds=chance.randrange(DAY, 9 * DAY))
    completed = created + timedelta(seconds=chance.randrange(300, 2 * DAY))
    auditor, audited = chance.sample(world.coaches, 2)
    questions, score = _answered(chance, AUDITED)
    done = completed < world.now and chance.random() < 0.9
    row: Row = {
        "uuid": uuid_of(world, "audit", number),
        "audit_type": chance.choice(("Audit", "Audit", "Calibration Audit")),
        "interaction_id": str(reviewed.row["interaction_id"]),
        "interaction_url": reviewed.row["interaction_url"],
        "completed_at": completed if done else "",
        "count_toward_score": True,
        "score": chance.choice((round(score), round(score), f"{score:g}%")) if done else None,
        "autofailed": False,
        "sequence_id": 0,
        "scorecard": {"name": "Audit form", "archived_at": None},
        "reviewer": {**person(audited, None), "team_leader": person(auditor, None)},
        "groups": chance.choice((["New Hires", "Vendor"], [audited.team])),
        "auditor": person(auditor, chance.choice((None, str(auditor.number)))),
        "questions": chance.choice((questions, questions, questions, questions, {}, None)),
        "qa_review": reviewed.row,
    }
    return Record(row, number, created, completed if done else created)


def qa_audits(world: World, reviews: Sequence[Record]) -> list[Record]:
    """Give an audit of about every fifth review."""
    records = [
        audit(world, done, done.system_id) for done in reviews if world.chance("audited", done.uuid).random() < 0.2
    ]
    return [record for record in records if record.updated < world.now]


def calibration(world: World, number: int, created: datetime) -> Record:
    """Give the meeting in which coaches score one call each for himself, then agree."""
    chance = world.chance("calibration", number)
    created = _whole(created)
    meeting = created.replace(minute=0, second=0) + timedelta(days=chance.randrange(1, 6))
    completed = meeting + timedelta(minutes=chance.randrange(20, 90))
    done, ticket = completed < world.now, world.ticket_before(created)
    people = [person(coach, f"coach-{coach.number}") for coach in chance.sample(world.coaches, 3)]
    alignment = chance.choice((50, 100, 66.7, 75))
    row: Row = {
        "uuid": uuid_of(world, "calibration", number),
        "alignment_score": alignment if done else None,
        "sequence_id": 0,
        "started_by": people[0],
        "meeting_date": meeting,
        "interaction_id": chance.choice((ticket, int(ticket))),
        "interaction_url": url(ticket),
        "participants": people,
        "notes": chance.choice((None, "", "Agreed to count the second greeting.")),
        "scorecard": _scorecard(world, created, chance),
        "completed_at": completed if done else None,
        "created_at": created,
        "questions": {
            str(key): _calibrated(chance, question, people, done=done)
            for key, *question in CRITERIA[: chance.choice((2, 4))]
        },
    }
    return Record(row, number, created, completed if done else created)


def qa_calibrations(world: World) -> list[Record]:
    """Give a meeting about every twelve days."""
    return [calibration(world, *when) for when in world.moments(timedelta(days=12), "calibration")]


def session(world: World, number: int, created: datetime) -> Record:
    """Give the 1:1 of an agent and the coach: drafted, shared, perhaps shared again, archived late."""
    chance = world.chance("1:1", number)
    created = _whole(created)
    coached = coaching.one_to_one(world, number, created)
    agent, shared = coached.agent, coached.held if coached.held and coached.held < world.now else None
    coach = world.coach_of(agent)
    steps = [(coached.held or created) + timedelta(seconds=chance.randrange(600, 4 * DAY))]
    steps.append(steps[0] + timedelta(seconds=chance.randrange(30 * DAY, 300 * DAY)))
    reshared, archived = (
        step if step < world.now and chance.random() < odds else None
        for step, odds in zip(steps, (0.4, 0.3), strict=True)
    )
    discussed = int((created - EPOCH) / CALL_EVERY) - chance.randrange(2, 40)
    owner = person(agent, "null")
    done = {
        **_item(created - timedelta(days=14), owner),
        "status": "completed",
        "completed_at": shared or created,
    }
    row: Row = {
        "uuid": uuid_of(world, "session", number),
        "created_at": created,
        "shared_at": shared,
        "reshared_at": reshared,
        "archived": archived is not None,
        "sequence_id": 0,
        "coach": person(coach, "null"),
        "employee": {**owner, "team_leader": person(coach, "null")},
        "title": f"Weekly 1:1 // {created:%B} {created.day}",
        "private": chance.random() < 0.1,
        "created_action_items": [_item(created, owner)] * chance.choice((0, 1, 1)),
        "completed_action_items": [done] * chance.choice((0, 1)) if created >= ITEMS_KEPT_FROM else [],
        "kudos": chance.choice(([], None, [{"text": "Amazing QA score this week! 🎉", "created_at": created}])),
        "metric_attachments": [
            {
                "name": name,
                "score": score,
                "start_date": created - timedelta(days=7),
                "end_date": created,
                "added_at": created,
                "notes": chance.choice((None, "Keep it up")),
            }
            for name, score in (
                ("Percent Resolved", float(chance.randrange(50, 101))),
                ("Star Rating", round(chance.uniform(3, 5), 2)),
            )[: chance.choice((0, 1, 2))]
        ],
        "feedback_attachments": [_attached(world, "feedback", discussed, created)],
        "qa_review_attachments": [_attached(world, "review", discussed // 7 * 7, created)] * chance.choice((0, 1)),
    }
    return Record(row, number, created, archived or reshared or shared or created)


def coaching_sessions(world: World) -> list[Record]:
    """Give a 1:1 about every day and a half."""
    return [session(world, *when) for when in world.moments(coaching.ONE_TO_ONE_EVERY, "1:1")]


def _scorecard(world: World, at: datetime, chance: Random) -> Row:
    """A form lives for half a year; when it was archived comes as text, a dumped Ruby object or a number."""
    half = at.year * 2 + at.month // 7
    ended = datetime(half // 2 + half % 2, 1 if half % 2 else 7, 14, 9, 30, tzinfo=timezone.utc)
    ways = (
        ended,
        {
            "^o": "ActiveSupport::TimeWithZone",
            "utc": {"^t": ended.timestamp() + 0.25},
            "time_zone": {"^o": "ActiveSupport::TimeZone", "name": "UTC", "utc_offset": None},
            "time": None,
        },
        int(ended.timestamp()),
    )
    name = f"{chance.choice(SCORECARDS)} {half // 2} H{half % 2 + 1}"
    return {"name": name, "archived_at": ways[half % 3] if ended < world.now else None}


def _answered(chance: Random, quality: float) -> tuple[dict[str, Row], float]:
    """Give a filled-in form and its score in percentage points, which on average is the quality."""
    questions: dict[str, Row] = {}
    reached = most = 0.0
    for key, text, section, weight, options in CRITERIA:
        scored = [option for option in reversed(options) if option[2] is not None]
        place = coaching.graded(chance, [float(option[2]) for option in scored], quality)
        missing = len(scored) < len(options) and chance.random() < NOT_APPLICABLE
        option, label, points = options[-1] if missing else scored[place]
        blank = key == CRITERIA[-1][0] and chance.random() < 0.1
        chosen: Row = {str(option): {"option_text": label, "score": points}}
        questions[str(key)] = {
            "question_text": text,
            "section": section,
            "section_weight": weight,
            "comment": chance.choice((None, None, *COMMENTS)),
            "selected_options": chance.choice(({}, None, [])) if blank else chosen,
        }
        if not blank and points is not None:
            reached, most = reached + points, most + (options[0][2] or 0)
    return questions, round(100 * reached / most, 1)


def _calibrated(chance: Random, question: Sequence[Any], people: Sequence[Row], *, done: bool) -> Row:
    text, section, weight, options = question
    votes = [chance.choice(options)[0] for _ in people]
    agreed, label, points = next(option for option in options if option[0] == votes[0])
    settled = {"qa_option_id": str(agreed), "option_text": label, "score": points}
    return {
        "question_text": text,
        "section": section,
        "section_weight": weight,
        "question_alignment_score": round(100 * votes.count(votes[0]) / len(votes)),
        "selected_option": settled if done else chance.choice((None, {})),
        "options": {
            str(key): {
                "option_text": label,
                "score": points,
                "participants": [
                    {"employee": person, "comment": chance.choice((None, *COMMENTS))}
                    for person, vote in zip(people, votes, strict=True)
                    if vote == key
                ],
            }
            for key, label, points in options
        },
    }


def _item(at: datetime, owner: Row) -> Row:
    return {
        "text": "Take a breath before each call, and do not speak over the customer",
        "category": "Empathy & Friendliness",
        "status": "open",
        "created_at": at,
        "completed_at": None,
        "due_date": at + timedelta(days=18) if at.day % 2 else None,
        "owner": owner,
    }


def _attached(world: World, what: str, number: int, at: datetime) -> Row:
    return {
        "uuid": uuid_of(world, what, number),
        "interaction_id": Call.ticket_of(number),
        "added_at": at,
        "notes": "Worth hearing twice" if number % 3 == 0 else None,
    }


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
