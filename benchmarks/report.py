"""What was measured, as tables in Markdown."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.cases import BY_NAME
from benchmarks.contestants import FLOOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]

PAGE = """# Benchmarks

Written by `python -m benchmarks write`; [CONTRIBUTING.md](../CONTRIBUTING.md#benchmarks) says how to measure.

![Time of each tap as a multiple of the least](benchmarks.svg)

## Speed

A server on loopback replays rows of the sandbox, encoded beforehand, without limits. In each round, all contestants
run one after the other; a ratio is to the floor of the same round: median (least, most). Start-up is in all times.

- *floor*: `requests`, the standard library's `json`, one line a row; nothing is checked, repeated or normalised. For
  MaestroQA and Care Analytics it keeps the body in a temporary file and parses that with `ijson`, as a body may be
  larger than memory. *lower floor*: the same with `msgspec`, bodies held whole.
- *tap*: the executable, with all that it does for each row; its pace alone is switched off. *flattened*: with
  `flattening_enabled`.
- *SDK's defaults*: the plainest stream on the Meltano Singer SDK, with the same endpoint and schema.
- *dlt*, *airbyte-cdk*: their declarative sources for REST APIs on the same endpoint. dlt writes files of its own also
  when it only extracts.

{speed}
{raced}

## At the vendors' limits

The sandbox with the limits that the vendors document, and 300 ms until each answer. *least*: what the limits allow for
the requests that were made, and for those that the plainest client would need. Start-up is in *taken*.

{limits}

{limited}

## Memory

{memory}

{weighed}

## The loader

The same messages into a PostgreSQL on the same machine, whose own time is not in the figures.

{loader}

{loaded}
"""


def ratios(case: Json, contestant: str, what: str = "wall") -> list[float]:
    """Return a contestant's times as multiples of the floor's, each round's by its own."""
    taken = case["contestants"]
    pairs = zip(taken[contestant]["rounds"], taken[FLOOR]["rounds"], strict=True)
    return [one[what] / floor[what] for one, floor in pairs]


def speed(result: Json) -> str:
    """Return a table a case."""
    return "\n".join(line for case in result["cases"] for line in _case(case))


def _case(case: Json) -> Iterator[str]:
    yield f"### {case['title']}: {case['rows']:,} rows"
    yield ""
    rows = []
    for name, taken in case["contestants"].items():
        cpu, starts = (median(one["cpu"] for one in taken[key]) for key in ("rounds", "starts"))
        rows.append(
            [
                name,
                _spread(ratios(case, name)),
                _spread(ratios(case, name, "cpu")),
                f"{1e6 * cpu / case['rows']:.0f}",
                f"{max(one['peak'] for one in taken['rounds']):.0f}",
                f"{starts:.2f}",
            ]
        )
    yield from _table(["", "time ÷ floor", "CPU ÷ floor", "CPU µs a row", "peak MB", "start, CPU s"], rows)
    yield ""
    if why := BY_NAME[case["name"]].not_elsewhere:
        yield f"No dlt and no airbyte-cdk here: {why}."
        yield ""


def limits(result: Json) -> str:
    """Return the table of how well the vendors' limits are used."""
    rows = [
        [
            one["title"],
            one["limit"],
            f"{one['wall']:.1f}",
            *(text for key in ("requests", "needed") for text in _efficiency(one, key)),
            f"{one['refused']}",
        ]
        for one in result["vendors"]
    ]
    asked = ("requests", "least s", "efficiency")
    return "\n".join(_table(["", "limit", "taken s", *asked, "needed", *asked[1:], "refused"], rows))


def _efficiency(one: Json, key: str) -> Iterator[str]:
    least = one["least" if key == "requests" else "least_needed"]
    yield from (f"{one[key]}", f"{least:.1f}", f"{least / one['wall']:.2f}")


def memory(result: Json) -> str:
    """Return the table of peaks."""
    sizes = sorted({int(size) for one in result["cases"] for size in one["peaks"]})
    rows = [
        [one["title"], *(f"{one['peaks'][str(size)]:.0f}" if str(size) in one["peaks"] else "" for size in sizes)]
        for one in result["cases"]
    ]
    return "\n".join(_table(["peak MB at", *(f"{size:,} rows" for size in sizes)], rows))


def loader(result: Json) -> str:
    """Return the table of what the loader takes beside the tap."""
    rows = []
    for name, rounds in result["taken"].items():
        cpu, wall = (sorted(one[what] for one in rounds) for what in ("cpu", "wall"))
        a_row = f"{1e6 * median(cpu) / result['rows']:.0f}"
        spread = f"{median(cpu):.1f} ({cpu[0]:.1f} to {cpu[-1]:.1f})"
        rows.append([name if name == "tap" else f"target-postgres, {name}", spread, a_row, f"{median(wall):.1f}"])
    title = f"{result['title']}: {result['rows']:,} rows"
    return "\n".join(_table([title, "CPU s", "CPU µs a row", "time s"], rows))


def footer(result: Json) -> str:
    """Return the date and what the figures hang on."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"{result['date']}, {result['cores']} cores, {versions}."


def _spread(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def document(race: Json, at_limits: Json, peaks: Json, loading: Json) -> str:
    """Return the page of all results."""
    return PAGE.format(
        speed=speed(race),
        raced=footer(race),
        limits=limits(at_limits),
        limited=footer(at_limits),
        memory=memory(peaks),
        weighed=footer(peaks),
        loader=loader(loading),
        loaded=footer(loading),
    )
