"""The vendor's own shapes, as the documents promise them."""

import logging
from decimal import Decimal
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator
from tap_agentconnect import streams
from tap_agentconnect.base.records import Normaliser
from tap_agentconnect.shapes import shape_of


def emitted(stream: Any, **row: Any) -> Any:
    schema = stream.schema
    normalise = Normaliser(schema, logging.getLogger("test"), reshape=shape_of)
    record = normalise({"uuid": "u", "sequence_id": 1, **row})
    Draft7Validator(schema, validate_formats=True).validate(record)
    return record


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("100%", 100),
        ("87.5%", Decimal("87.5")),
        (" 90 % ", 90),
        ("80", 80),
        (80, 80),
        (0.5, 0.5),
        ("", None),
        (None, None),
    ],
)
def test_scores_are_percentage_points(score: Any, expected: Any) -> None:
    assert emitted(streams.QaReviews, score=score)["score"] == expected
    assert emitted(streams.QaAudits, qa_review={"score": score})["qa_review"]["score"] == expected


@pytest.mark.parametrize(
    "score", ["n/a", "5 0%", " 5 0 % ", "%", "90%%", "NaN%", "1" * 30 + "%", "1e999%", f"1e{10**30}%", True]
)
def test_a_score_that_is_none_is_kept_as_it_is(score: Any) -> None:
    record = emitted(streams.QaReviews, score=score, count_toward_score="true")
    assert record["score"] is None
    assert record["_extra"] == {"score": score}
    assert record["count_toward_score"] is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019-12-20 10:44:18 UTC", "2019-12-20T10:44:18.000000Z"),
        ("2019-12-20T10:44:18.640Z", "2019-12-20T10:44:18.640000Z"),
        ({"^o": "Time", "utc": {"^t": 1576838658.25}, "zone": {"a": {}}}, "2019-12-20T10:44:18.250000Z"),
        ({"^t": Decimal("1576838658.250000000")}, "2019-12-20T10:44:18.250000Z"),
        (1576838658, "2019-12-20T10:44:18.000000Z"),
        ("", None),
        (None, None),
    ],
)
def test_times(value: Any, expected: str | None) -> None:
    assert emitted(streams.QaReviews, scorecard={"archived_at": value})["scorecard"]["archived_at"] == expected
    assert emitted(streams.QaAudits, completed_at=value)["completed_at"] == expected


@pytest.mark.parametrize("value", ["soon", {"a": 1}, {"^t": "x"}, 1e17, True, [1]])
def test_what_is_no_time_is_kept(value: Any) -> None:
    record = emitted(streams.QaAudits, completed_at=value)
    assert record["completed_at"] is None
    assert record["_extra"] == {"completed_at": value}


def test_custom_ids() -> None:
    for sent, expected in (("null", None), ("", None), (None, None), (1471332, "1471332"), ("007", "007")):
        record = emitted(streams.CoachingSessions, employee={"custom_id": sent, "team_leader": {"custom_id": sent}})
        assert record["employee"] == {"custom_id": expected, "team_leader": {"custom_id": expected}}
    assert emitted(streams.CoachingSessions, title="null")["title"] == "null"


def test_answers() -> None:
    options = {"1072": {"option_id": 1072, "option_text": "5", "integer_value": 5, "new": [1]}, "1073": None}
    record = emitted(streams.Feedbacks, answers={"nps": {"question_id": 148, "selected_options": options}, "fcr": None})
    assert record["answers"] == [
        {
            "question_key": "nps",
            "question_id": "148",
            "selected_options": [
                {"option_id": "1072", "option_text": "5", "integer_value": 5, "new": [1]},
                {"option_id": "1073"},
            ],
        },
        {"question_key": "fcr"},
    ]


def test_questions_here_and_in_an_audited_review() -> None:
    questions = {"7": {"question_text": "Q", "selected_options": {"31": {"option_text": "Yes", "score": 12.5}}}}
    expected = [
        {
            "question_id": "7",
            "question_text": "Q",
            "selected_options": [{"option_id": "31", "option_text": "Yes", "score": 12.5}],
        }
    ]
    record = emitted(streams.QaAudits, questions=questions, qa_review={"uuid": "r", "questions": questions})
    assert record["questions"] == record["qa_review"]["questions"] == expected


def test_calibrations() -> None:
    voter = {"employee": {"custom_id": "null", "email": "a@b.example"}, "comment": "Fine"}
    options = {"1": {"option_text": "True", "score": 20, "participants": [voter]}}
    question = {"question_alignment_score": "50%", "selected_option": {"qa_option_id": 1}, "options": options}
    record = emitted(streams.QaCalibrations, questions={"1": question})
    (found,) = record["questions"]
    assert found["question_id"] == "1"
    assert found["question_alignment_score"] == 50
    assert found["selected_option"] == {"qa_option_id": "1"}
    assert found["options"][0]["option_id"] == "1"
    assert found["options"][0]["participants"][0]["employee"]["custom_id"] is None


def test_custom_properties() -> None:
    record = emitted(streams.Feedbacks, custom_properties={"Issue type": "refund", "n": 5, "deep": {"a": 1}})
    assert record["custom_properties"] == [
        {"name": "Issue type", "value": "refund"},
        {"name": "n", "value": "5"},
        {"name": "deep", "value": None, "_extra": {"value": {"a": 1}}},
    ]


@pytest.mark.parametrize("sent", [None, {}, []])
def test_a_question_without_a_selected_option(sent: Any) -> None:
    question = {"selected_options": sent}
    for stream, maps in ((streams.Feedbacks, "answers"), (streams.QaReviews, "questions")):
        assert emitted(stream, **{maps: {"1": question}})[maps][0]["selected_options"] == []
    audit = emitted(streams.QaAudits, qa_review={"questions": {"1": question}})
    assert audit["qa_review"]["questions"][0]["selected_options"] == []
    calibration = emitted(streams.QaCalibrations, questions={"1": {"options": sent, "selected_option": None}})
    assert calibration["questions"] == [{"question_id": "1", "options": [], "selected_option": None}]


@pytest.mark.parametrize(("sent", "expected"), [(None, None), ({}, []), ([], [])])
def test_maps_without_entries(sent: Any, expected: Any) -> None:
    assert emitted(streams.Feedbacks, answers=sent, custom_properties=sent)["answers"] == expected
    assert emitted(streams.QaReviews, questions=sent)["questions"] == expected
    assert "answers" not in emitted(streams.Feedbacks)


def test_what_is_no_map_or_not_keyed_as_said_is_kept() -> None:
    record = emitted(streams.Feedbacks, answers={"nps": 8, "fcr": {"selected_options": {"1": {"option_id": 2}}}})
    assert record["answers"] == [
        {"question_key": "nps", "_extra": {"value": 8}},
        {"question_key": "fcr", "selected_options": [{"option_id": "2", "_extra": {"key": "1"}}]},
    ]
    assert emitted(streams.Feedbacks, answers="none")["_extra"] == {"answers": "none"}
    both = {"1": {"question_id": 2, "_extra": {"key": "own"}}}
    (found,) = emitted(streams.QaReviews, questions=both)["questions"]
    assert found == {"question_id": "2", "_extra": {"key": "1", "_extra": {"key": "own"}}}


def test_new_fields_stay_as_they_are() -> None:
    new = {"custom_id": "null", "score": "5%", "made_at": "", "options": {"1": {}}}
    record = emitted(streams.QaReviews, new=new, employee={"new": new}, questions={"1": {"new": new}})
    assert record["_extra"] == {"new": new}
    assert record["employee"] == {"new": new}
    assert record["questions"] == [{"question_id": "1", "new": new}]


def test_types_that_the_document_gets_wrong() -> None:
    record = emitted(streams.Feedbacks, survey_name="Feedback", requested_via="API", survey_id="100")
    assert (record["survey_name"], record["requested_via"], record["survey_id"]) == ("Feedback", "API", 100)


def test_employees() -> None:
    row = {"email": "", "custom_employee_id": 12, "team_leader_id": 142, "start_date": "2023-02-05", "channels": None}
    record = emitted(streams.Employees, **row, employee_key="12")
    assert record["custom_employee_id"] == "12"
    assert record["team_leader_id"] == "142"
    assert record["start_date"] == "2023-02-05"
    assert emitted(streams.Employees, employee_key="x", start_date="")["start_date"] is None
    assert emitted(streams.Employees, employee_key="x", start_date="soon")["_extra"]["start_date"] == "soon"
