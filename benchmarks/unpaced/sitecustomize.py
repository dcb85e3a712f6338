"""Python imports this at its start where it is on the path: a tap then keeps to no vendor's pace.

It counts its requests as ever, so what that costs stays in the figures.
"""

import sys

try:
    from pyrate_limiter import InMemoryBucket, Rate
except ImportError:
    # Python would go on without this file, and the tap would be measured waiting.
    sys.exit("benchmarks/unpaced: the taps do not pace themselves by pyrate_limiter any more")

# Requests a millisecond.
ANY_NUMBER = 1_000_000

_prepare = InMemoryBucket.__init__


def _prepare_without_waiting(bucket: InMemoryBucket, rates: list[Rate]) -> None:
    # Of several rates, each has to allow more than the one before.
    _prepare(bucket, [Rate(ANY_NUMBER * place, place) for place, _ in enumerate(rates, 1)])


InMemoryBucket.__init__ = _prepare_without_waiting  # type: ignore[method-assign, assignment]
