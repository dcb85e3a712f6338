# Generated from tools/base/quota.py by `python -m tools generate`: edit it there.
"""What a run uses of the vendor's quota, alone or together with other runs of the same account."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING

import click
from pyrate_limiter import InMemoryBucket, SQLiteBucket
from singer_sdk.exceptions import FatalAPIError
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrate_limiter import Rate, RateItem


class QuotaFileError(FatalAPIError, click.ClickException):
    """A file that cannot be used: shown as one line, exit status 1, no traceback."""


@dataclass
class Quota:
    """Counts what the run asks for and how long it waits; runs with the same file know of each other's requests."""

    file: str | None = None
    requests: int = 0
    waited: float = 0

    def bucket(self, rates: list[Rate]) -> Bucket | SharedBucket:
        """Return what the limiter counts in."""
        if not self.file:
            return Bucket(rates)
        with _named(self.file):
            bucket = SharedBucket.init_from_file(rates, db_path=self.file, use_file_lock=True)
        assert isinstance(bucket, SharedBucket)  # noqa: S101  # the library's annotation says less
        bucket.file = self.file
        return bucket

    def since(self, earlier: Quota) -> Quota:
        """Return what was used since then."""
        return Quota(self.file, self.requests - earlier.requests, self.waited - earlier.waited)


class Bucket(InMemoryBucket):
    """The limiter's bucket in memory."""

    @override
    def put(self, item: RateItem) -> bool:
        """Take a place if there is one, at the time at which it is taken: a busy machine wakes late."""
        item.timestamp = self.now()  # type: ignore[no-untyped-call]
        return super().put(item)


class SharedBucket(SQLiteBucket):
    """The limiter's bucket in a file, under a lock that ends with the process that holds it."""

    file: str

    @override
    def put(self, item: RateItem) -> bool:
        """Take a place if there is one, at the time at which it is taken: to wait for the lock takes time, too."""
        with _named(self.file), self.lock:
            item.timestamp = now = time_ns() // 1_000_000
            # From before the clock was set back: how long ago it was is unknown.
            ahead = "UPDATE rate_bucket SET item_timestamp = :now WHERE item_timestamp > :now"
            self.conn.execute(ahead, {"now": now}).close()
            self.conn.commit()
            return super().put(item)


@contextmanager
def _named(file: str) -> Iterator[None]:
    try:
        yield
    except (OSError, NotImplementedError, sqlite3.Error) as error:
        message = f"rate_limit_file: {file} cannot be used ({getattr(error, 'strerror', None) or error})."
        raise QuotaFileError(message) from None
