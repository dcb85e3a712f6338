"""The table of errors in a tap's README: what the code says of refusals, and what any tap may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

MEANINGS = {
    400: "The vendor does not accept the request.",
    401: "These credentials are wrong, or no longer valid.",
    403: "These credentials may not read this.",
    404: "Nothing answers at this address.",
    422: "The vendor cannot read a parameter.",
}
KEPT = "Kept in _extra: …"
# What every tap may say. A test finds each of these texts, with anything for `…`, in the code that says it.
EVERYWHERE = (
    (
        "Settings refused: …",
        "A setting is missing or makes no sense. No request was made.",
        "Correct the setting that it names: see Settings above.",
    ),
    (
        "--config: …",
        "The file with the settings is no JSON object.",
        "Correct the file, or read environment variables with `--config=ENV`.",
    ),
    (
        "--state: …",
        "The file does not hold a state of this tap.",
        "Give the last state that the target printed; without `--state`, everything is read.",
    ),
    (
        "The catalog is older than this tap …",
        "It was made by an earlier version, and lacks streams or fields that this one has.",
        "Make a new one with `--discover`; with Meltano, `meltano run --refresh-catalog …`.",
    ),
    ("The host … is not known: …", "The name in `api_url` leads nowhere from here.", "Check it, and the network."),
    (
        "No trusted connection to …",
        "The certificate is not one that this machine trusts, often a proxy's.",
        "Set `REQUESTS_CA_BUNDLE` to a file with the proxy's certificate.",
    ),
    (
        "…; try … of … in … s",
        "The vendor was too busy, or the connection broke. The tap asks again.",
        "Nothing; if it happens in every run, ask the vendor.",
    ),
    (
        "… did not recover in … tries: …",
        "The vendor or the network failed for more than a minute.",
        "Run again later: the next run goes on where this one stopped.",
    ),
    (
        "The target closed the connection: …",
        "The target has failed, so the tap has stopped.",
        "Read the target's own log. The next run goes on from the last state.",
    ),
    (
        "A temporary file could not be written…",
        "The disk that holds temporary files is full, or may not be written to.",
        "Make room, or set `TMPDIR` to another folder.",
    ),
    (
        KEPT,
        "The vendor sends a field that this version does not know, or a value of another type.",
        "Nothing is lost: query `_extra`, and tell us of the field.",
    ),
)


def troubleshooting(vendor: str, streams: Collection[Any]) -> str:
    """Return a table of errors, what they mean and what to do; refusals as the streams' hints explain them."""
    hints = {(status, hint): None for stream in streams for status, hint in stream.error_hints.items()}
    refusals = [(f"{vendor} refused …: HTTP {status}", MEANINGS[status], hint) for status, hint in sorted(hints)]
    # Where unknown fields become columns, no stream has an `_extra`.
    keeps = any("_extra" in stream.schema["properties"] for stream in streams)
    said = [row for row in EVERYWHERE if keeps or row[0] != KEPT]
    rows = [f"| `{error}` | {meaning} | {advice} |" for error, meaning, advice in (*refusals, *said)]
    return "\n".join(["| Error or warning | What it means | What to do |", "|---|---|---|", *rows])
