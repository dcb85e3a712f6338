"""What ExecVision makes of one call: its card, what was said in it, and the topics found in that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.world import TOPICS

if TYPE_CHECKING:
    from sandbox.world import Call, World

Record = dict[str, Any]

INTERNAL, EXTERNAL = 1, 0
SECONDS_A_WORD = 0.4
PAUSE = 0.9
SECTION = 300
PUNCTUATION = ",.?!"

OPENING = (
    (INTERNAL, "Thanks for calling, this is {agent}. How can I help?"),
    (EXTERNAL, "Hello, I have a question about the {topic}."),
)
ROUND = (
    (EXTERNAL, "It has been three days, and nobody called me back."),
    (INTERNAL, "I am sorry about that. May I ask when it started?"),
    (EXTERNAL, "Last Tuesday, right after the holiday."),
    (INTERNAL, "Thank you, I can see the {topic} in my notes."),
)
CLOSING = (
    (INTERNAL, "Is there anything else I can do for you?"),
    (EXTERNAL, "No, that is all. Goodbye!"),
)
COMPANIES = ("Hewlett Packard Enterprise", "Boulangerie Émile", "Nordlys Energi", "Acme")
CONTACTS = ("Kellie Courville", "Jürgen Groß", "Aiko 田中")


@dataclass(frozen=True)
class Block:
    """A stretch of a call in which one speaker speaks."""

    start: float
    speaker: int
    words: tuple[str, ...]

    @property
    def end(self) -> float:
        """The second at which the last word ends."""
        return round(self.start + SECONDS_A_WORD * len(self.words), 3)

    @property
    def text(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


@cache
def identity(kind: str, number: object) -> str:
    """The id under which ExecVision knows a thing, the same on every run."""
    return str(uuid5(NAMESPACE_URL, f"execvision/{kind}/{number}"))


def spoken(call: Call) -> list[Block]:
    """What was said, block by block; a longer call goes round more often."""
    return _said(*_course(call))


def transcript(call: Call) -> list[Record]:
    """The transcript, one object a word."""
    return [
        {
            "start": f"{block.start + index * SECONDS_A_WORD:.3f}",
            "end": f"{block.start + (index + 1) * SECONDS_A_WORD:.3f}",
            "word": word.rstrip(PUNCTUATION).lower(),
            **({"p": word[-1]} if word[-1] in PUNCTUATION else {}),
            "v": block.speaker,
        }
        for block in spoken(call)
        for index, word in enumerate(block.words)
    ]


def simplified_transcript(call: Call, *, known: bool) -> Record:
    """The transcript, one object a block, and who speaks; a customer may be `known` from the CRM."""
    return {
        "speakers": [
            {
                "email": "kellie@customer.example" if known else None,
                "firstName": "Kellie" if known else None,
                "lastName": "Courville" if known else None,
                "speakerNumber": EXTERNAL,
                "speakerType": "EXTERNAL" if known else "UNKNOWN",
            },
            {
                "email": call.agent.email,
                "firstName": call.agent.first_name,
                "lastName": call.agent.last_name,
                "speakerNumber": INTERNAL,
                "speakerType": "INTERNAL",
            },
        ],
        "transcript": [
            {
                "startTime": block.start,
                "endTime": block.end,
                "speakerNumber": block.speaker,
                "text": block.text,
            }
            for block in spoken(call)
        ],
    }


def call_record(world: World, call: Call, state: str) -> Record:
    """The call without its optional parts. What is made from its transcript waits until it is COMPLETE."""
    chance = world.chance("execvision call", call.number)
    complete = state == "COMPLETE"
    company = chance.choice(COMPANIES)
    record: Record = {
        "id": identity("call", call.number),
        "callerEmail": call.agent.email,
        "callerId": identity("user", call.agent.number),
        "callTime": call.started.replace(microsecond=0),
        "duration": call.seconds,
        "direction": chance.choice(("INBOUND", "INBOUND", "OUTBOUND", "SCREENSHARE")),
        "state": state,
        "stats": _stats(call, chance.uniform(0.3, 0.8)) if complete else None,
        "originalPath": f"recordings/{call.started:%Y/%m}/{call.ticket}.mp3",
        "callSummary": _summary(call) if complete and chance.randrange(10) else None,
        "metadata": {
            "deleted": False,
            "opportunity_price_point": chance.choice((50000, 1250.5, None, "n/a")),
            "uploader": str(call.agent.number),
            "ticket": call.ticket,
            "company": company,
            "topic": call.topic,
        },
    }
    if not chance.randrange(20):
        del record["callerEmail"]
    return record


def crm_matches(world: World, call: Call) -> list[Record]:
    """The CRM's entities that go with the call, if any."""
    chance = world.chance("execvision crm", call.number)
    if not chance.randrange(3):
        return []

    def entity(name: str) -> Record:
        return {"crmId": f"00{identity('crm', name)[:13].replace('-', '').upper()}AAA", "name": name}

    return [
        {
            "crmName": "Salesforce",
            "activityCrmId": entity(call.ticket)["crmId"],
            "account": chance.choice((entity(chance.choice(COMPANIES)), None)),
            "contacts": [entity(name) for name in chance.sample(CONTACTS, chance.randrange(3))],
            "engagement": chance.choice((None, None, entity(f"Renewal {call.ticket}"))),
        }
    ]


def card(call: Call) -> Record:
    """The call card's templates, rendered."""
    return {"title": f"{call.topic} ({call.ticket})", "subtitle": f"{call.agent.name}, {call.agent.team}"}


def topics() -> list[Record]:
    """The definitions of the topics, one for each subject of the centre's calls, and one never heard."""
    subjects = [{"id": index, "name": topic.capitalize(), "words": [topic, f"my {topic}"]}
                for index, topic in enumerate(TOPICS, 2)]  # fmt: skip
    common = ["please don't", "stop calling", "off your list"]
    return [{"id": 1, "name": "Common objections", "words": common}, *subjects]


def topic_record(call: Call) -> Record:
    """The blocks of the call in which its topic comes up, and how many questions were asked."""
    return {"callId": identity("call", call.number), "modified": None, **_heard(*_course(call))}


def near_matches(blocks: list[Record], length: float, least: int) -> list[Record]:
    """The blocks that begin a window of so many seconds which holds at least so many matches."""

    def matches(first: Record) -> int:
        return sum(
            len(topic["matches"])
            for block in blocks
            if first["startTime"] <= block["startTime"] < first["startTime"] + length
            for topic in block["topicsWithMatches"]
        )

    return [block for block in blocks if matches(block) >= least]


def _course(call: Call) -> tuple[str, str, int]:
    """All that a call's words hang on, so that calls of like course are worked out once."""
    return call.agent.first_name, call.topic, min(call.seconds // 180 + 1, 4)


@cache
def _said(agent: str, topic: str, rounds: int) -> list[Block]:
    blocks: list[Block] = []
    start = 1.3
    for speaker, line in (*OPENING, *ROUND * rounds, *CLOSING):
        blocks.append(Block(start, speaker, tuple(line.format(agent=agent, topic=topic).split())))
        start = round(blocks[-1].end + PAUSE, 3)
    return blocks


@cache
def _heard(agent: str, topic: str, rounds: int) -> Record:
    blocks = _said(agent, topic, rounds)
    asked = [block.speaker for block in blocks if block.words[-1].endswith("?")]
    return {
        "questionCounts": {
            "internalSpeakerQuestionCount": asked.count(INTERNAL),
            "externalSpeakerQuestionCount": asked.count(EXTERNAL),
            "unknownSpeakerQuestionCount": 0,
        },
        "topicMatches": [match for block in blocks if (match := _topic_match(block, topic))],
    }


def _topic_match(block: Block, topic: str) -> Record | None:
    words = [word.rstrip(PUNCTUATION) for word in block.words]
    sought = topic.split()
    first = next((place for place in range(len(words)) if words[place : place + len(sought)] == sought), None)
    if first is None:
        return None
    last = first + len(sought) - 1
    return {
        "startTime": block.start,
        "endTime": block.end,
        "text": block.text,
        "speakerType": "INTERNAL" if block.speaker == INTERNAL else "EXTERNAL",
        "topicsWithMatches": [
            {
                "topicId": str(TOPICS.index(topic) + 2),
                "topicName": topic.capitalize(),
                "matches": [
                    {
                        "searchText": [topic],
                        "matchingText": topic,
                        "matchStartTime": round(block.start + SECONDS_A_WORD * first, 3),
                        "matchStartIndex": first,
                        "matchEndTime": round(block.start + SECONDS_A_WORD * (last + 1), 3),
                        "matchEndIndex": last,
                    }
                ],
            }
        ],
    }


def _stats(call: Call, internal: float) -> Record:
    blocks = [*OPENING, *ROUND, *CLOSING]
    changes = sum(1 for _ in groupby(speaker for speaker, _ in blocks)) - 1
    sections = range(0, call.seconds, SECTION)
    return {
        "internalTalkTime": int(call.seconds * internal),
        "externalTalkTime": call.seconds - int(call.seconds * internal),
        "talkRatio": int(call.seconds * internal) / call.seconds,
        "interchangesPerMinute": 60 * changes / call.seconds,
        "longestSegmentDurations": {"1": call.seconds * internal / 3, "0": call.seconds * (1 - internal) / 2},
        "talkSpeeds": [
            {
                "start": start + 0.35,
                "end": float(min(start + SECTION, call.seconds)),
                "wordsPerMinute": {"1": 150 * internal, "0": 150 * (1 - internal)},
            }
            for start in sections
        ],
    }


def _summary(call: Call) -> Record:
    return {
        "nextSteps": [f"{call.agent.first_name} will write to the customer about the {call.topic}."],
        "questionsAndAnswers": [
            {"question": f"Q: What became of the {call.topic}?", "answer": "A: It is in the agent's notes."}
        ],
        "summary": f"A customer asks about the {call.topic}; {call.agent.name} answers.",
    }
