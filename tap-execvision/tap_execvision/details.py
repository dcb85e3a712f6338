"""Details, which are asked for by id: their paginator, and what the account may see of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from .base.http import RefusedError
from .base.pagination import Paginator
from .pages import Row

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from logging import Logger

# So many refusals, and no success, say that an account has no right to any.
MAX_DENIALS = 5


class Access:
    """What the vendor lets an account see of details that are asked for by id."""

    def __init__(self, path: str, log: Logger, *, is_optional: bool) -> None:
        """Start with nothing known; where they are optional, an account may have no right to any."""
        self._path, self._log, self._is_optional = path, log, is_optional
        self._denials, self._successes = 0, 0

    @property
    def is_denied(self) -> bool:
        """Whether the account has no right to any."""
        return self._denials >= MAX_DENIALS and not self._successes

    @property
    def is_doubtful(self) -> bool:
        """Whether all that is known are refusals."""
        return self._denials > 0 and not self._successes

    def note_success(self) -> None:
        """Note that one could be read."""
        self._successes += 1

    def note_refusal(self, refusal: RefusedError, id_: str) -> None:
        """Skip what is not there, or not to be seen, with a warning; raise any other refusal."""
        if refusal.status == HTTPStatus.NOT_FOUND:
            self._log.warning("ExecVision knows no %s: skipped", self._path.replace("{id}", id_))
            return
        self._denials += 1
        if refusal.status != HTTPStatus.FORBIDDEN or (self.is_denied and not self._is_optional):
            raise refusal
        self._log.warning("ExecVision does not show %s (HTTP 403): skipped", self._path.replace("{id}", id_))
        if self.is_denied:
            self._log.warning(
                "The account may not read %s: none are asked for any more in this run, and its bookmark stays. "
                "ExecVision switches them on; without that, deselect the stream, or each run begins there again",
                self._path,
            )


class DetailPaginator(Paginator[str, list[Row]]):
    """Asks for one id after another; what may be missing is skipped."""

    def __init__(self, ids: Iterable[str], access: Access) -> None:
        """Prepare to ask for these."""
        self._ids, self._access = ids, access
        super().__init__()

    @override
    def plan(self) -> Generator[str, list[Row], None]:
        for id_ in self._ids:
            if self._access.is_denied:
                return
            try:
                rows = yield id_
            except RefusedError as refusal:
                self._access.note_refusal(refusal, id_)
            else:
                self._access.note_success()
                self.emit(rows)
