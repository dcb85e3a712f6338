"""The fields of every stream, as the vendor's page documents them."""

from __future__ import annotations

from singer_sdk import typing as th

from .base.records import EXTRA, OPEN_OBJECT

ENTITY = th.ObjectType(
    th.Property("crmId", th.StringType, description="Its id in the CRM."),
    th.Property("name", th.StringType, description="Its name in the CRM."),
)

CRM_MATCH = th.ObjectType(
    th.Property("crmName", th.StringType, description="The CRM, Salesforce for example."),
    th.Property("activityCrmId", th.StringType, description="The id of the activity that goes with the call."),
    th.Property("account", ENTITY, description="The account that goes with the call."),
    th.Property("contacts", th.ArrayType(ENTITY), description="The contacts that go with the call."),
    th.Property(
        "engagement", ENTITY, description="The engagement that goes with the call, an opportunity for example."
    ),
)

QUESTION_AND_ANSWER = th.ObjectType(
    th.Property("question", th.StringType, description="The question."),
    th.Property("answer", th.StringType, description="The answer."),
)

SUMMARY = th.ObjectType(
    th.Property("summary", th.StringType, description="The call in a few sentences."),
    th.Property("nextSteps", th.ArrayType(th.StringType(nullable=True)), description="Suggested next steps."),
    th.Property(
        "questionsAndAnswers", th.ArrayType(QUESTION_AND_ANSWER), description="Questions and answers from the call."
    ),
)

WORD = th.ObjectType(
    th.Property("start", th.StringType, description="Seconds from the start of the call, as text."),
    th.Property("end", th.StringType, description="Seconds from the start of the call, as text."),
    th.Property("word", th.StringType, description="The word or phrase."),
    th.Property("p", th.StringType, description="The punctuation after it."),
    th.Property("v", th.IntegerType, description="The speaker's number, from 0."),
)

LONGEST = th.ObjectType(
    th.Property("speaker", th.StringType, description="The speaker's number in the transcript."),
    th.Property("seconds", th.NumberType, description="The longest that this speaker spoke without a break."),
)

SPEED = th.ObjectType(
    th.Property("speaker", th.StringType, description="The speaker's number in the transcript."),
    th.Property("wordsPerMinute", th.NumberType, description="About how many words a minute."),
)

SECTION = th.ObjectType(
    th.Property("start", th.NumberType, description="Seconds from the start of the call."),
    th.Property("end", th.NumberType, description="Seconds from the start of the call."),
    th.Property("wordsPerMinute", th.ArrayType(SPEED), description="How fast each speaker spoke."),
)

STATS = th.ObjectType(
    th.Property("internalTalkTime", th.NumberType, description="Seconds that internal speakers spoke."),
    th.Property("externalTalkTime", th.NumberType, description="Seconds that external speakers spoke."),
    th.Property("talkRatio", th.NumberType, description="The internal share of the time spoken."),
    th.Property("interchangesPerMinute", th.NumberType, description="Changes of speaker a minute."),
    th.Property(
        "longestSegmentDurations",
        th.ArrayType(LONGEST),
        description="The longest uninterrupted speech of each speaker.",
    ),
    th.Property(
        "talkSpeeds", th.ArrayType(SECTION), description="How fast they spoke, in sections of about five minutes."
    ),
)

MATCH = th.ObjectType(
    th.Property(
        "searchText",
        th.ArrayType(th.StringType(nullable=True)),
        description="Words and phrases of the topic that matched.",
    ),
    th.Property("matchingText", th.StringType, description="The text of the transcript that matched."),
    th.Property("matchStartTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property(
        "matchStartIndex", th.IntegerType, description="The first word of the match, counted from 0 in the block."
    ),
    th.Property("matchEndTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("matchEndIndex", th.IntegerType, description="The last word of the match."),
)

TOPIC_WITH_MATCHES = th.ObjectType(
    th.Property("topicId", th.StringType, description="The topic's id, as text."),
    th.Property("topicName", th.StringType, description="The topic's name."),
    th.Property("matches", th.ArrayType(MATCH), description="Where it matched."),
)

TOPIC_MATCH = th.ObjectType(
    th.Property("startTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("endTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("text", th.StringType, description="The text of the block."),
    th.Property("speakerType", th.StringType, description="INTERNAL, EXTERNAL or UNKNOWN."),
    th.Property("topicsWithMatches", th.ArrayType(TOPIC_WITH_MATCHES), description="The topics found in the block."),
)

QUESTION_COUNTS = th.ObjectType(
    th.Property(
        "internalSpeakerQuestionCount", th.IntegerType, description="Questions of identified internal speakers."
    ),
    th.Property(
        "externalSpeakerQuestionCount", th.IntegerType, description="Questions of identified external speakers."
    ),
    th.Property("unknownSpeakerQuestionCount", th.IntegerType, description="Questions of unidentified speakers."),
)

MEETING_QUESTION = th.ObjectType(
    th.Property("question", th.StringType, description="The question."),
    th.Property("possibleScore", th.NumberType, description="The highest score; null for a question answered in text."),
    th.Property("actualScore", th.NumberType, description="The score given; null for a question answered in text."),
    th.Property("reviewWeight", th.NumberType, description="The question's weight; null for a scorecard's question."),
)

CALL_REVIEW = th.ObjectType(
    th.Property("callId", th.StringType, description="The call."),
    th.Property("questions", th.ArrayType(MEETING_QUESTION), description="The scorecard questions about it."),
)

SKILL_SCORE = th.ObjectType(
    th.Property("skill", th.StringType, description="The skill's name."),
    th.Property("score", th.NumberType, description="Its score in percent."),
)

SKILL = th.ObjectType(
    th.Property("skillId", th.IntegerType, description="The skill's id."),
    th.Property("skillName", th.StringType, description="The skill's name."),
)

SPEAKER = th.ObjectType(
    th.Property("email", th.StringType, description="The speaker's e-mail."),
    th.Property("firstName", th.StringType, description="The first name."),
    th.Property("lastName", th.StringType, description="The last name."),
    th.Property("speakerNumber", th.IntegerType, description="The number used in the transcript."),
    th.Property("speakerType", th.StringType, description="INTERNAL (a user), EXTERNAL (a CRM contact) or UNKNOWN."),
)

UTTERANCE = th.ObjectType(
    th.Property("startTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("endTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("speakerNumber", th.IntegerType, description="Who spoke."),
    th.Property("text", th.StringType, description="What was said."),
)

ROW_KEY = th.Property(
    "_row_key",
    th.StringType(nullable=False),
    required=True,
    description="Made by the tap, as the vendor sends no id: a hash of the row, and a number among equal ones.",
)

USERS = th.PropertiesList(
    th.Property("userId", th.StringType(nullable=False), required=True, description="The user's id."),
    th.Property("email", th.StringType, description="The e-mail; scores name people by it."),
    th.Property("firstName", th.StringType, description="The first name."),
    th.Property("lastName", th.StringType, description="The last name."),
    th.Property("teamId", th.StringType, description="The team."),
    th.Property("departmentId", th.StringType, description="The department."),
    th.Property(
        "systemIds", th.ArrayType(th.StringType(nullable=True)), description="The user's ids in the dialer or CRM."
    ),
    EXTRA,
).to_dict()

TEAMS = th.PropertiesList(
    th.Property("id", th.StringType(nullable=False), required=True, description="The team's id."),
    th.Property("name", th.StringType, description="Its name."),
    th.Property("managerId", th.StringType, description="The user who manages it."),
    th.Property("departmentId", th.StringType, description="Its department."),
    EXTRA,
).to_dict()

DEPARTMENTS = th.PropertiesList(
    th.Property("id", th.StringType(nullable=False), required=True, description="The department's id."),
    th.Property("name", th.StringType, description="Its name."),
    EXTRA,
).to_dict()

TOPICS = th.PropertiesList(
    th.Property(
        "id", th.IntegerType(nullable=False), required=True, description="The topic's id; call_topics has it as text."
    ),
    th.Property("name", th.StringType, description="Its name."),
    th.Property(
        "words", th.ArrayType(th.StringType(nullable=True)), description="The words and phrases that make it up."
    ),
    EXTRA,
).to_dict()

CALLS = th.PropertiesList(
    th.Property("id", th.StringType(nullable=False), required=True, description="The call's id."),
    th.Property(
        "_replication_time",
        th.DateTimeType,
        description="When the call was modified, if the vendor tells, or else when it was made.",
    ),
    th.Property(
        "modified", th.DateTimeType, description="When the call was modified; not documented, and mostly missing."
    ),
    th.Property("callTime", th.DateTimeType, description="When the call began."),
    th.Property("callerId", th.StringType, description="The user who called."),
    th.Property("callerEmail", th.StringType, description="The e-mail of the user who called."),
    th.Property("duration", th.NumberType, description="How long it lasted, in seconds."),
    th.Property("direction", th.StringType, description="INBOUND, OUTBOUND or SCREENSHARE."),
    th.Property("state", th.StringType, description="How far it has been processed; COMPLETE at the end."),
    th.Property("originalPath", th.StringType, description="The name or path of the recording."),
    th.Property("callSummary", SUMMARY, description="The summary written by AI."),
    th.Property("stats", STATS, description="Who spoke how much."),
    th.Property(
        "metadata",
        OPEN_OBJECT,
        description="The fields mapped from the customer's CRM, as they are.",
    ),
    th.Property("transcript", th.ArrayType(WORD), description="The words, with include_transcripts."),
    th.Property("crmMatches", th.ArrayType(CRM_MATCH), description="The CRM records, with include_crm_matches."),
    EXTRA,
).to_dict()

DELETED_CALLS = th.PropertiesList(
    th.Property("id", th.StringType(nullable=False), required=True, description="The id that the call had."),
    th.Property("deletedAt", th.DateTimeType, description="When it was deleted."),
    th.Property("callerId", th.StringType, description="The user who called."),
    th.Property("callTime", th.DateTimeType, description="When the call began."),
    EXTRA,
).to_dict()

CALL_TOPICS = th.PropertiesList(
    th.Property("callId", th.StringType(nullable=False), required=True, description="The call."),
    th.Property("modified", th.DateTimeType, description="When the call was modified."),
    th.Property("questionCounts", QUESTION_COUNTS, description="How many questions were asked."),
    th.Property(
        "topicMatches",
        th.ArrayType(TOPIC_MATCH),
        description="The blocks of the transcript in which topics were found.",
    ),
    EXTRA,
).to_dict()

LISTENS = th.PropertiesList(
    ROW_KEY,
    th.Property(
        "_replication_time",
        th.DateTimeType,
        description="When the listen was modified, if the vendor tells, or else its day.",
    ),
    th.Property("date", th.DateTimeType, description="The day of the listen."),
    th.Property("modified", th.DateTimeType, description="When it was modified; the vendor may leave it empty."),
    th.Property("callId", th.StringType, description="The call."),
    th.Property("listener", th.StringType, description="The user who listened."),
    th.Property("caller", th.StringType, description="The user who had called."),
    th.Property("timeListened", th.NumberType, description="How long, in seconds."),
    EXTRA,
).to_dict()

SCORES = th.PropertiesList(
    th.Property(
        "resultId",
        th.StringType(nullable=False),
        required=True,
        description="The scoring of one call on one scorecard by one reviewer.",
    ),
    th.Property("questionId", th.StringType(nullable=False), required=True, description="The question."),
    th.Property("question", th.StringType, description="The question's text."),
    th.Property("callId", th.StringType, description="The call that was scored."),
    th.Property("scorecardId", th.StringType, description="The scorecard."),
    th.Property("scorecardName", th.StringType, description="Its name."),
    th.Property("reviewer", th.StringType, description="The e-mail of the reviewer."),
    th.Property("reviewerTeam", th.StringType, description="The name of the reviewer's team."),
    th.Property("caller", th.StringType, description="The e-mail of the user who called."),
    th.Property("callerTeam", th.StringType, description="The name of that user's team."),
    th.Property("scoreTime", th.DateTimeType, description="When the call was scored."),
    th.Property("modified", th.DateTimeType, description="When the score was last modified."),
    th.Property("skill1", th.StringType, description="The first skill that the question is about."),
    th.Property("skill2", th.StringType, description="The second skill."),
    th.Property("skill3", th.StringType, description="The third skill."),
    th.Property("scheme", th.StringType, description="OneToFive, OneToThree, OneTwo, YesNo or PassFail."),
    th.Property(
        "answer", th.StringType, description="The answer by the scheme, as text: a number, yes, no, pass or fail."
    ),
    th.Property("rawAnswer", th.NumberType, description="The answer as a number from 0 to 5."),
    th.Property("reason", th.StringType, description="The reason given."),
    th.Property("comment", th.StringType, description="The comment."),
    EXTRA,
).to_dict()

SCORECARD_QUESTIONS = th.PropertiesList(
    th.Property("scorecardId", th.StringType(nullable=False), required=True, description="The scorecard."),
    th.Property("questionId", th.StringType(nullable=False), required=True, description="The question."),
    th.Property("scorecardName", th.StringType, description="The scorecard's name."),
    th.Property("scorecardScheme", th.StringType, description="OneToFive, OneToThree, OneTwo, YesNo or PassFail."),
    th.Property("questionText", th.StringType, description="The question's text."),
    EXTRA,
).to_dict()

FEEDBACK = th.PropertiesList(
    th.Property("callId", th.StringType(nullable=False), required=True, description="The call."),
    th.Property("feedbackBy", th.StringType(nullable=False), required=True, description="The user who gave it."),
    th.Property("feedbackAt", th.DateTimeType(nullable=False), required=True, description="When it was given."),
    th.Property("isComment", th.BooleanType(nullable=False), required=True, description="Whether it is a comment."),
    th.Property("isHighlight", th.BooleanType(nullable=False), required=True, description="Whether it is a highlight."),
    th.Property("modified", th.DateTimeType, description="When it was last modified."),
    th.Property("text", th.StringType, description="The text, in HTML."),
    th.Property("startTime", th.NumberType, description="Seconds from the start of the call."),
    th.Property("endTime", th.NumberType, description="Seconds from the start of the call; highlights have it."),
    EXTRA,
).to_dict()

SHARES = th.PropertiesList(
    ROW_KEY,
    th.Property("sharedAt", th.DateTimeType, description="When it was shared."),
    th.Property("callId", th.StringType, description="The call."),
    th.Property("sharedBy", th.StringType, description="The user who shared it."),
    th.Property(
        "recipientUserIds", th.ArrayType(th.StringType(nullable=True)), description="The users it was shared with."
    ),
    th.Property(
        "recipientEmails",
        th.ArrayType(th.StringType(nullable=True)),
        description="The e-mails it was shared with, outside.",
    ),
    EXTRA,
).to_dict()

MEETINGS = th.PropertiesList(
    th.Property("meetingId", th.IntegerType(nullable=False), required=True, description="The meeting's id."),
    th.Property("planId", th.StringType, description="The coaching plan it belongs to."),
    th.Property("dateTime", th.DateTimeType, description="When it was to take place."),
    th.Property("startTime", th.DateTimeType, description="When it began."),
    th.Property("endTime", th.DateTimeType, description="When it ended."),
    th.Property("coachId", th.StringType, description="The user who coached."),
    th.Property("recipientId", th.StringType, description="The user who was coached."),
    th.Property("scores", th.ArrayType(SKILL_SCORE), description="The score of each skill."),
    th.Property("callReviews", th.ArrayType(CALL_REVIEW), description="The calls reviewed."),
    th.Property("questions", th.ArrayType(MEETING_QUESTION), description="The questions that are not about one call."),
    th.Property("comments", th.StringType, description="General comments."),
    th.Property("modified", th.DateTimeType, description="When it was last modified."),
    EXTRA,
).to_dict()

PLANS = th.PropertiesList(
    th.Property("planId", th.StringType(nullable=False), required=True, description="The plan's id."),
    th.Property("name", th.StringType, description="Its name."),
    th.Property("objective", th.StringType, description="Its objective."),
    th.Property("startDate", th.DateTimeType, description="When it starts."),
    th.Property("coachId", th.StringType, description="The user who coaches."),
    th.Property("recipientId", th.StringType, description="The user who is coached."),
    th.Property("plannedMeetings", th.IntegerType, description="Meetings planned."),
    th.Property("completedMeetings", th.IntegerType, description="Meetings completed."),
    th.Property(
        "estimatedMissedMeetings",
        th.IntegerType,
        description="About how many meetings were missed, up to the day it was read.",
    ),
    th.Property("skill", th.ArrayType(SKILL), description="The skills it is about."),
    th.Property("modified", th.DateTimeType, description="When it was last modified."),
    EXTRA,
).to_dict()

KPI_OBSERVATIONS = th.PropertiesList(
    th.Property("kpiId", th.IntegerType(nullable=False), required=True, description="The KPI."),
    th.Property("observedId", th.StringType(nullable=False), required=True, description="The user observed."),
    th.Property("observerId", th.StringType(nullable=False), required=True, description="The user who observed."),
    th.Property("observedAt", th.DateTimeType(nullable=False), required=True, description="When."),
    th.Property("value", th.NumberType, description="The value."),
    th.Property("modified", th.DateTimeType, description="When it was last modified."),
    EXTRA,
).to_dict()

KPI_DEFINITIONS = th.PropertiesList(
    th.Property("kpiId", th.IntegerType(nullable=False), required=True, description="The KPI's id."),
    th.Property("description", th.StringType, description="What it is."),
    th.Property("frequency", th.StringType, description="DAILY, WEEKLY, MONTHLY or QUARTERLY."),
    th.Property("target", th.NumberType, description="Its target."),
    EXTRA,
).to_dict()

TRANSCRIPTS = th.PropertiesList(
    th.Property("callId", th.StringType(nullable=False), required=True, description="The call."),
    th.Property("speakers", th.ArrayType(SPEAKER), description="Who spoke."),
    th.Property("transcript", th.ArrayType(UTTERANCE), description="What was said, in order."),
    EXTRA,
).to_dict()
