"""What Agent Connect keeps of the contact centre's calls and people: feedbacks and employees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from random import Random

    from sandbox.world import Call, Person, World

# An object as the vendor sends it, but with its times as datetimes, since each feed spells them its own way.
Row = dict[str, Any]

DAY = 86_400
COMMENTS = (
    "Rapide et aimable, merci beaucoup !",
    "This is the third time I’ve called about “the same” invoice.",
    "Sehr geduldig.\nDas Problem ist gelöst.",
    "太棒了 👍🏽",
    "",
)
DELIVERY = {
    "Sent": 88,
    "Not sent: suppression period": 6,
    "Not sent: do not send flag": 2,
    "Soft bounce": 2,
    "Hard bounce": 2,
}
LINKS = ("custom_link", "facebook_follow", "facebook_share", "twitter_follow", "twitter_share")
EXCELLENCE = {1121: "Friendly", 1123: "Knowledgeable", 1127: "Helpful", 1130: "Fast"}
IMPROVEMENT = {1151: "Listening", 1153: "Speed", 1156: "Follow-through"}


@dataclass
class Record:
    """A row of one of the paged feeds, with what the vendor knows about it but does not send."""

    row: Row
    system_id: int
    created: datetime
    updated: datetime

    @property
    def uuid(self) -> str:
        """The row's key."""
        return str(self.row["uuid"])

    @property
    def sequence_id(self) -> int:
        """The row's place in its feed."""
        return int(self.row["sequence_id"])


@dataclass
class Employee:
    """An account, with the number and status that the vendor filters by but does not send."""

    number: int
    status: str
    row: Row


def uuid_of(world: World, what: str, number: int) -> str:
    """Give the identifier of a thing; some are as short as those in the collection's own samples."""
    text = str(UUID(int=world.chance("agentconnect", what, number).getrandbits(128), version=4))
    return text[:-1] if number % 97 == 0 else text


def interaction(world: World, call: Call) -> Record:
    """Give the interaction about a call, entered when it ended; no survey has been sent."""
    chance = world.chance("interaction", call.number)
    created = _thousandths(call.started + timedelta(seconds=call.seconds))
    coach = world.coach_of(call.agent)
    known = chance.random() < 0.97
    row: Row = {
        "uuid": uuid_of(world, "feedback", call.number),
        "sequence_id": 0,
        "parent_uuid": None,
        "is_recovery": False,
        "branding": "contact-centre",
        "channel": chance.choice(("phone", "phone", "phone", "chat", "email")),
        "ext_interaction_id": call.ticket if chance.random() < 0.98 else None,
        "external_url": url(call.ticket) if chance.random() < 0.9 else None,
        "language": chance.choice(("en", "en", "en-US", "fr", None)),
        "survey_id": 100 if known else None,
        "survey_name": "Feedback" if known else None,
        "tags": chance.choice((None, [], [call.topic], [call.topic, "holidays"])),
        "request_created_at": created,
        "request_delivery_status": "Not sent: do not send flag",
        "request_sent_at": None,
        "requested_via": chance.choice(("API", "API", "API", "manual")),
        "response_received_at": None,
        "reward_eligible": chance.random() < 0.2,
        "reward_name": None,
        "marketing": {f"{link}_{end}": False for link in LINKS for end in ("eligible", "initiated")},
        "employee": person(call.agent, call.agent.number if chance.random() < 0.1 else str(call.agent.number)),
        "team_leader": {"custom_id": str(coach.number), "full_name": coach.name} if known else None,
        "customer": _customer(chance),
        "custom_properties": chance.choice((None, {}, {"Issue type": call.topic, "order.id": str(call.seconds)})),
        "answers": chance.choice(({}, {}, {}, None, [])),
    }
    if chance.random() < 0.02:
        del row["answers"]
    return Record(row, call.number, created, created)


def feedback(world: World, call: Call) -> Record:
    """Give the interaction about a call, with the survey its customer was sent and may have answered."""
    record, chance = interaction(world, call), world.chance("survey", call.number)
    status = chance.choices(list(DELIVERY), list(DELIVERY.values()))[0]
    if not status.startswith("Not sent"):
        record.updated += timedelta(seconds=chance.randrange(2, 900))
        record.row["request_sent_at"] = record.updated
    record.row["request_delivery_status"] = status
    answered = record.updated + timedelta(seconds=int(chance.expovariate(1 / 20_000)) + 30)
    if status == "Sent" and chance.random() < 0.6 and answered < world.now:
        respond(world, record, answered)
    return record


def respond(world: World, record: Record, at: datetime) -> None:
    """Let the customer fill in the survey at this time, and perhaps follow a link a little later."""
    chance = world.chance("answers", record.system_id)
    row, stars = record.row, chance.choices((1, 2, 3, 4, 5), (4, 4, 8, 24, 60))[0]
    comment = chance.choice(COMMENTS) if chance.random() < 0.4 else None
    # A service of the age of this one has had its ids sent as numbers and as text.
    as_id = str if chance.random() < 0.05 else int
    subject = "{{ employee.first_name }}"

    def answer(question_id: int, text: str, comment: str | None, options: dict[int, str]) -> Row:
        chosen = {
            str(key): {
                "option_id": as_id(key),
                "option_text": label,
                "integer_value": int(label) if label.isdigit() else None,
            }
            for key, label in options.items()
        }
        return {
            "question_id": as_id(question_id),
            "question_text": text,
            "comment": comment,
            "selected_options": chosen,
        }

    def some(options: dict[int, str]) -> dict[int, str]:
        return {key: label for key, label in options.items() if chance.random() < 0.5}

    answers = {
        "agent_star_rating": answer(
            145,
            f"How satisfied are you with the service you received from {subject} today?",
            comment,
            {1067 + stars: str(stars)},
        )
    }
    if stars > 3:
        text = f"What did {subject} do particularly well?"
        answers["areas_of_excellence"] = answer(146, text, None, some(EXCELLENCE))
    else:
        text = f"What could {subject} do better?"
        answers["areas_of_improvement"] = answer(147, text, None, some(IMPROVEMENT))
    points = max(0, min(10, stars * 2 + chance.choice((-1, 0, 0, 1))))
    text = "How likely is it that you would recommend {{ brand.name }} to a friend or colleague?"
    answers["nps"] = answer(148, text, None, {1135 + points: str(points)})
    if chance.random() < 0.7:
        solved = chance.choice(({1180: "Yes"}, {1180: "Yes"}, {1181: "No"}, {}))
        answers["fcr"] = answer(152, "Were we able to resolve your issue today?", None, solved)
        if not solved:
            answers["fcr"]["selected_options"] = chance.choice(({}, None, []))
    if row["reward_eligible"]:
        row["reward_name"] = chance.choice(("Coffee", "Gift card"))
        answers["rewards"] = answer(155, f"Send {subject} a reward!", None, {1190: row["reward_name"]})
        row["marketing"].update(custom_link_eligible=True, facebook_follow_eligible=True)
    row.update(response_received_at=at, answers=answers)
    record.updated = at
    if row["reward_eligible"] and (clicked := at + timedelta(seconds=chance.randrange(5, 3 * DAY))) < world.now:
        row["marketing"]["custom_link_initiated"] = True
        record.updated = clicked


def recovery(world: World, parent: Record, number: int) -> Record:
    """Give the service recovery that followed a poor answer: an interaction of a coach's own."""
    chance = world.chance("recovery", number)
    created = parent.updated + timedelta(seconds=chance.randrange(600, 2 * DAY))
    coach = chance.choice(world.coaches)
    row = {
        **parent.row,
        "uuid": uuid_of(world, "recovery", number),
        "parent_uuid": parent.uuid,
        "is_recovery": True,
        "channel": "email",
        "survey_name": "Service recovery",
        "survey_id": 101,
        "request_created_at": created,
        "request_delivery_status": "Sent",
        "request_sent_at": created + timedelta(seconds=4),
        "response_received_at": None,
        "reward_eligible": False,
        "reward_name": None,
        "marketing": dict(parent.row["marketing"]),
        "employee": person(coach, str(coach.number)),
        "answers": {},
    }
    record = Record(row, number, created, created + timedelta(seconds=4))
    answered = created + timedelta(seconds=chance.randrange(60, DAY))
    if chance.random() < 0.4 and answered < world.now:
        respond(world, record, answered)
    return record


def feedbacks(world: World) -> list[Record]:
    """Every interaction of the world's two years."""
    records = []
    for call in world.calls:
        record = feedback(world, call)
        if record.updated >= world.now:
            continue
        records.append(record)
        poor = "areas_of_improvement" in (record.row.get("answers") or {})
        if poor and world.chance("recovered", call.number).random() < 0.4:
            follow_up = recovery(world, record, 1_000_000 + call.number)
            if follow_up.updated < world.now:
                records.append(follow_up)
    return records


def employees(world: World) -> list[Employee]:
    """All the accounts: the world's people, whoever leads the coaches, and some from an agency."""
    staff = [_employee(world, coach, leader=None) for coach in world.coaches]
    staff += [
        _employee(world, world.known_as(agent, world.now), leader=world.coach_of(agent)) for agent in world.agents
    ]
    for index, (name, status, custom_id) in enumerate(
        (
            ("Ingrid Holm", "active", None),
            ("Agency Temp One", "active", "agency-1"),
            ("Agency Temp Two", "deactivated", "agency-2"),
            ("Lars O’Brien", "created", ""),
            ("Mo Salim", "pending review", "null"),
        )
    ):
        staff.append(new_employee(world, 9501 + index, name, status, custom_id))
    return staff


def new_employee(world: World, number: int, name: str, status: str, custom_id: str | None) -> Employee:
    """Give an account of one whom only this vendor knows; those from an agency have no e-mail."""
    first, last = name.split(maxsplit=1)
    chance = world.chance("employee", number)
    row: Row = {
        "email": None if first == "Agency" else f"user{number}@contact-centre.example",
        "custom_employee_id": custom_id,
        "first_name": first,
        "last_name": last,
        "team_leader_id": None,
        "team_leader_email": None,
        "role": "Team Member [Default]",
        "license_type": "flexible",
        "channels": None,
        "employment_status": chance.choice(("temp", None)),
        "start_date": None,
        "hometown": None,
        "state_or_country": None,
        "profile_text": "",
        "image": None,
        "groups": [],
        "manage_team": False,
        "last_active": None,
    }
    return Employee(number, status, row)


def _employee(world: World, person: Person, leader: Person | None) -> Employee:
    chance = world.chance("employee", person.number)
    row: Row = {
        "email": person.email,
        "custom_employee_id": str(person.number),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "team_leader_id": leader and leader.number,
        "team_leader_email": leader and leader.email,
        "role": "Team Member [Default]" if leader else "Team Leader [Default]",
        "license_type": chance.choice(("standard", "standard", "flexible")),
        "channels": chance.choice((["phone"], ["phone", "chat"], ["phone", "chat", "email"])),
        "employment_status": chance.choice(("full-time", "full-time", "part-time")),
        "start_date": f"20{chance.randrange(15, 24)}-0{chance.randrange(1, 10)}-15",
        "hometown": chance.choice(("Springfield", "Malmö", None)),
        "state_or_country": chance.choice(("Missouri", "Sweden", None)),
        "profile_text": chance.choice(("Coffee first ☕", "")),
        "image": f"https://images.contact-centre.example/{person.number}.jpg",
        "groups": chance.choice(([person.team], [person.team, "New Hires"])),
        "manage_team": leader is None,
        "last_active": _thousandths(world.now - timedelta(hours=chance.uniform(1, 200))),
    }
    return Employee(person.number, "active", row)


def person(who: Person, custom_id: str | int | None) -> Row:
    """Give somebody as the feeds name people; the custom id is spelt differently from feed to feed."""
    return {
        "custom_id": custom_id,
        "email": who.email,
        "first_name": who.first_name,
        "last_name": who.last_name,
    }


def _customer(chance: Random) -> Row | None:
    number = chance.randrange(1, 3000)
    if number % 50 == 0:
        return None
    return {
        "custom_id": chance.choice((None, None, "null", f"C-{number}", number)),
        "email": f"customer{number}@example.com",
        "full_name": chance.choice((f"Jane Doe {number}", f"Zoé Müller {number}", None)),
    }


def url(ticket: str) -> str:
    """Give the helpdesk's page about a ticket."""
    return f"https://contact-centre.zendesk.example/tickets/{ticket}"


def _thousandths(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
