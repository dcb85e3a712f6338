# Generated from tools/base/http.py by `python -m tools generate`: edit it there.
"""How a tap reaches its vendor: paced, only where credentials may travel, and with errors that say what to do."""

from __future__ import annotations

import base64
import errno
import html
import ipaddress
import json
import logging
import re
import ssl
import tempfile
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlsplit

import click
import requests
from pyrate_limiter import Limiter, Rate
from requests.utils import resolve_proxies
from requests_ratelimiter import LimiterAdapter
from singer_sdk.exceptions import FatalAPIError, RetriableAPIError
from urllib3.exceptions import NameResolutionError

from .quota import Quota

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from requests.auth import AuthBase

MAX_DETAIL_LENGTH = 300
# So many characters of a secret in a row are no chance.
TELLING_LENGTH = 10
ERROR_BODY_BYTES = 64 * 1024
# What a vendor may repeat in an error without having it from the settings: signed tokens, credentials in a header's
# form, what stands in a query, and addresses of people.
_SENSITIVE = (
    (re.compile(r"\beyJ[\w-]+(\.[\w-]*){0,2}"), "***"),
    (re.compile(r"\b(basic|bearer)\s+[\w+/=.~-]{6,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"\?[^\s\"'<>]+=[^\s\"'<>]*"), "?***"),
    (re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+"), "***"),
)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EMFILE}


class TapError(FatalAPIError, click.ClickException):
    """What the user can act on: shown as one line, exit status 1, no traceback."""


class RefusedError(TapError):
    """The vendor's no to a request: its status, and the vendor's own words."""

    def __init__(self, message: str, status: int, detail: str) -> None:
        super().__init__(message)
        self.status, self.detail = status, detail


class UnknownHostError(TapError):
    """A host that no name server knows; asked for once more, as name servers have bad moments."""


class TransientError(RetriableAPIError):
    """What may have passed by the next try, and the vendor's own words."""

    def __init__(self, message: str, response: requests.Response | None = None, detail: str = "") -> None:
        super().__init__(message, response)
        self.detail = detail


def prepared_url(url: str) -> str | None:
    r"""Return the URL that `requests` would ask for, None when it could ask for none.

    Two parsers may see two hosts in one text (`http://stranger\@localhost`): only this one is asked.
    """
    try:
        prepared = requests.Request("GET", url).prepare().url or ""
        parts = urlsplit(prepared)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:  # requests' own errors about URLs are ValueErrors, too
        return None
    return prepared if parts.hostname else None


def is_secure_url(url: str) -> bool:
    """Tell whether credentials may travel to this URL: https, or http on loopback."""
    parts = urlsplit(prepared_url(url) or "")
    if parts.scheme == "http" and parts.hostname:
        try:
            return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
        except ValueError:
            return False
    return parts.scheme == "https" and bool(parts.hostname)


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port, which together say whose a URL is; None when it is not a URL."""
    parts = urlsplit(prepared_url(url) or "")
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def safe_url(url: str) -> str:
    """Return a URL for a message: no user, no password, no query."""
    prepared = prepared_url(url)
    if not prepared:
        return "(not a URL)"
    parts = urlsplit(prepared)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


class Redactor:
    """Masks secrets, in every form and in every part that a vendor may repeat, and shortens what is left."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Mask these, and wherever ten characters of one stand in a row."""
        forms = {"".join(_compact(form)) for secret in secrets for form in _forms(secret)} - {""}
        self._parts: dict[int, set[str]] = {}
        for form in forms:
            size = min(len(form), TELLING_LENGTH)
            self._parts.setdefault(size, set()).update(form[at : at + size] for at in range(len(form) - size + 1))

    def __call__(self, text: str) -> str:
        """Return the text as one line that may be logged."""
        shown = " ".join(self._masked(text[:ERROR_BODY_BYTES]).split())
        for pattern, replacement in _SENSITIVE:
            shown = pattern.sub(replacement, shown)
        return shown[:MAX_DETAIL_LENGTH]

    def _masked(self, text: str) -> str:
        compact, places = _compact(text), [place for place, char in enumerate(text) if not _is_filler(char)]
        secret = [False] * len(text)
        for size, parts in self._parts.items():
            for at in range(len(places) - size + 1):
                if "".join(compact[at : at + size]) in parts:
                    first, last = places[at], places[at + size - 1]
                    secret[first : last + 1] = [True] * (last + 1 - first)
        runs = groupby(zip(text, secret, strict=True), key=itemgetter(1))
        return "".join("***" if masked else "".join(char for char, _ in run) for masked, run in runs)


# What a vendor may put between the characters of a secret: blanks, line breaks, backslashes of an escape.
def _is_filler(char: str) -> bool:
    return char.isspace() or char == "\\"


def _compact(text: str) -> list[str]:
    return [char.lower()[0] for char in text if not _is_filler(char)]


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield from (secret, quote(data), quote(data, safe=""), quote_plus(data), data.hex())
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret), html.escape(secret, quote=False))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode().rstrip("=")


def vendor_message(response: requests.Response, keys: Iterable[str] = ("error", "message", "errors", "detail")) -> str:
    """Return the vendor's own error text, wherever it stands; never a page, and never any other part of a body.

    It is as the vendor wrote it: redact it before it is shown.
    """
    try:
        content = next(response.iter_content(ERROR_BODY_BYTES), b"")
    except (requests.RequestException, ValueError):
        return ""
    text = content.decode("utf-8-sig", "replace").strip()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.startswith(("<", "{", "[")) or "html" in response.headers.get("Content-Type", "") else text
    return _message_in(body, tuple(keys))


def _message_in(value: Any, keys: tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next(filter(None, (_message_in(item, keys) for item in value[:3])), "")
    if isinstance(value, dict):
        return next(filter(None, (_message_in(value.get(key), keys) for key in keys)), "")
    return ""


def vendor_clock(response: requests.Response) -> datetime | None:
    """Return the time by the vendor's clock; None when it shows none, or two."""
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


class RateLimitedAdapter(LimiterAdapter):
    """Waits for its turn, and only then signs: what proves the sender must not grow old in the queue."""

    def __init__(self, limiter: Limiter, sign: AuthBase | None, quota: Quota) -> None:
        # Not told to fill its bucket on a 429: the retry waits as the vendor says.
        super().__init__(limiter=limiter, per_host=False, limit_statuses=())
        self._sign, self._quota, self._asked_at = sign, quota, 0.0

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        """Send, once it is this request's turn."""
        self._asked_at = time.monotonic()
        return super().send(request, *args, **how)

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        """Sign, and count; `requests` calls this right before it sends."""
        self._quota.requests += 1
        self._quota.waited += time.monotonic() - self._asked_at
        if self._sign:
            self._sign(request)


class Session(requests.Session):
    """Looks into the environment for a host's proxies once: `requests` would for each request."""

    def __init__(self) -> None:
        super().__init__()
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        """Send, by way of the proxy if there is one."""
        scheme, host, *_ = urlsplit(request.url or "")
        if (scheme, host) not in self._proxies:
            self._proxies[scheme, host] = resolve_proxies(request, dict(self.proxies))
        how.setdefault("proxies", self._proxies[scheme, host])
        return super().send(request, **how)


def rate_limited_session(
    api_url: str, rates: list[Rate], user_agent: str, sign: AuthBase | None = None, *, quota: Quota | None = None
) -> requests.Session:
    """Return a session that waits before it would ask the API for more than the vendor allows."""
    quota = quota or Quota()
    # At DEBUG they write whole addresses, in which a name or a key may stand.
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).setLevel(logging.INFO)
    session = Session()
    session.headers["User-Agent"] = user_agent
    # The rates hold a margin of their own.
    limiter = Limiter(bucket := quota.bucket(rates), buffer_ms=0)
    if not bucket.count():
        limiter.try_acquire("the last request of a run that may have ended a moment ago")
    origin = urlsplit(api_url)
    session.mount(f"{origin.scheme}://{origin.netloc}", RateLimitedAdapter(limiter, sign, quota))
    # The SDK sends requests past the step that reads REQUESTS_CA_BUNDLE.
    session.verify = session.merge_environment_settings(api_url, {}, None, None, None)["verify"]
    if isinstance(session.verify, str) and not Path(session.verify).exists():
        message = f"No such file: {session.verify}. Check REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE)."
        raise TapError(message)
    return session


def request_error(error: Exception, host: str, label: str, timeout: float) -> TapError | TransientError:
    """Return what to raise for an error of a request: its own text names URLs, in which a secret may stand.

    What time cannot cure is a TapError at once.
    """
    kind = type(error).__name__
    found: TapError | TransientError | None = None
    if isinstance(error, requests.exceptions.ProxyError):
        found = _proxy_error(error, host)
    elif isinstance(error, requests.exceptions.SSLError):
        found = _tls_error(_caused_by(error, ssl.SSLError), host)
    elif isinstance(error, requests.exceptions.Timeout):
        found = TransientError(f"no answer from {label} within {timeout} s (request_timeout)")
    elif _caused_by(error, NameResolutionError):
        found = UnknownHostError(f"The host {host} is not known: check api_url, and this machine's network.")
    elif isinstance(error, ValueError) or not isinstance(error, OSError):
        found = TapError(f"No request could be made to {host} ({kind}): check api_url, user_agent and HTTPS_PROXY.")
    elif error.errno in _DISK_ERRORS and not isinstance(error, requests.RequestException):
        why = f"{error.strerror}. Make room in {tempfile.gettempdir()}, or set TMPDIR to another folder."
        found = TapError(f"A temporary file could not be written: {why}")
    return found or TransientError(f"the connection to {host} failed or broke off ({kind})")


def _proxy_error(error: Exception, host: str) -> TapError | None:
    status = _TUNNEL.search(str(error))
    if status and not status[1].startswith("5"):
        return TapError(f"The proxy refuses to connect to {host} (HTTP {status[1]}): check HTTPS_PROXY.")
    if _caused_by(error, NameResolutionError):
        return UnknownHostError("The proxy's host is not known: check HTTPS_PROXY and HTTP_PROXY.")
    return None


def _tls_error(reason: BaseException | None, host: str) -> TapError | None:
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"{reason.verify_message}. Behind a proxy with its own certificate, set REQUESTS_CA_BUNDLE."
        return TapError(f"No trusted connection to {host}: {why}")
    if isinstance(reason, ssl.SSLError) and reason.reason not in {"UNEXPECTED_EOF_WHILE_READING", None}:
        return TapError(f"No https with {host} ({reason.reason}): check api_url, the proxy and REQUESTS_CA_BUNDLE.")
    return None


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """Find an error of this kind among those that led to this one."""
    for _ in range(10):
        if error is None or isinstance(error, kind):
            return error
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((item for item in inner if isinstance(item, BaseException)), None)
    return None
