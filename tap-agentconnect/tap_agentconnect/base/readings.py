# Generated from tools/base/readings.py by `python -m tools generate`: edit it there.
"""How a vendor reads what its own page leaves open: what its answers say of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

Hypothesis = TypeVar("Hypothesis")
Question = TypeVar("Question")


class NotKnownError(Exception):
    """Why a question has no answer, in words that may be shown."""


def remaining(
    hypotheses: Iterable[Hypothesis],
    questions: Collection[Question],
    predict: Callable[[Hypothesis, Question], Hashable],
    ask: Callable[[Question], Hashable],
    at_most: int = 4,
) -> list[Hypothesis]:
    """Return the hypotheses that no answer contradicts, having asked what tells them apart best."""
    left = list(hypotheses)
    for _ in range(at_most):
        told_apart = {question: len({predict(one, question) for one in left}) for question in questions}
        best = max(told_apart, key=lambda question: told_apart[question], default=None)
        if best is None or told_apart[best] <= 1:
            break
        answer = ask(best)
        left = [one for one in left if predict(one, best) == answer]
    return left


def grouped(answers: Iterable[tuple[str, str]]) -> str:
    """Write answers, each with the streams that it was found in: "inclusive (one, two); exclusive (three)"."""
    by_answer: dict[str, list[str]] = {}
    for stream, answer in answers:
        by_answer.setdefault(answer, []).append(stream)
    if not by_answer:
        message = "no stream has the rows to show it"
        raise NotKnownError(message)
    return "; ".join(f"{answer} ({', '.join(streams)})" for answer, streams in sorted(by_answer.items()))
