"""Where credentials may go, what is masked, and what of a vendor's answer may be shown."""

import base64
import json
from io import BytesIO
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from tools.base.http import Redactor, Session, is_secure_url, origin_of, safe_url, vendor_clock, vendor_message


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://api.example.com/v1", True),
        ("http://localhost:8765/x", True),
        ("http://127.0.0.1:1/x", True),
        ("http://[::1]:1/x", True),
        ("http://127.9.9.9/x", True),
        ("http://api.example.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://stranger\\@localhost/x", False),
        ("http://stranger/@localhost", False),
        ("http://localhost@stranger/x", False),
        ("http://localhost#@stranger/", True),
        ("ftp://localhost/x", False),
        ("https://host:port", False),
        ("https://[x", False),
        ("https://", False),
        ("https://" + "a" * 70 + ".example", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_where_credentials_may_travel(url: str, secure: bool) -> None:
    assert is_secure_url(url) is secure


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://a.example/x") == origin_of("https://A.example:443/y?z")
    for other in ("http://a.example", "https://a.example:444", "https://b.example", "https://b\\@a.example/"):
        assert origin_of("https://a.example/x") != origin_of(other)
    assert origin_of("https://[x") is None


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    assert safe_url("https://user:pass@a.example:444/b?c=d") == "https://a.example:444/b"
    assert "pass" not in safe_url("https://user:pass@a.example:port/b")


SECRET = "s3cret/with+signs=& ü"  # a toy


@pytest.mark.parametrize(
    "echo",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        repr(SECRET),
        SECRET.upper(),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET[:12],
        SECRET[5:],
        "\n".join(SECRET),
        SECRET.replace("/", "\\/"),
        "Basic " + base64.b64encode(b"somebody:something").decode(),
        "Bearer abcdef.12345",
        "token eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl",
        "https://x.example/y?signature=abc",
        "jane.doe@example.com",
    ],
)
def test_what_a_vendor_repeats_is_masked(echo: str) -> None:
    shown = Redactor([SECRET])(f"Refused:\n {echo} is unknown")
    assert echo.strip('"') not in shown
    assert not any(SECRET[at : at + 10] in shown for at in range(len(SECRET) - 9))
    assert "***" in shown
    assert shown.startswith("Refused: ")
    assert shown.endswith(" is unknown")


WITHOUT_BLANKS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=4, max_size=30)


@given(WITHOUT_BLANKS, st.text(max_size=30), st.text(max_size=400))
def test_no_secret_survives_in_any_text(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret])(before + secret + after) or secret in "***"


def test_ordinary_words_stay() -> None:
    assert (
        Redactor(["sandbox-password-x"])("Check the password, not the sandbox.")
        == "Check the password, not the sandbox."
    )


def answer(body: bytes, content_type: str = "application/json", **headers: str) -> requests.Response:
    response = requests.Response()
    response._content = body  # noqa: SLF001  # as requests does when it has read a body
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
    response.headers.update({"Content-Type": content_type, **headers})
    return response


@pytest.mark.parametrize(
    ("body", "content_type", "shown"),
    [
        (b'{"error": "No."}', "application/json", "No."),
        (b'{"message": {"detail": "No."}}', "application/json", "No."),
        (b'{"errors": [{"message": "No."}]}', "application/json", "No."),
        (b'"No."', "application/json", "No."),
        (b"No.", "text/plain", "No."),
        (b'[{"name": "Jane"}]', "application/json", ""),
        (b'{"name": "Jane"}', "application/json", ""),
        (b"<p>Jane</p>", "text/plain", ""),
        (b"Jane", "text/html", ""),
        (b'{"error": "cut', "application/json", ""),
        (b"", "application/json", ""),
        (b"\xff\xfe", "text/plain", "\ufffd\ufffd"),
    ],
)
def test_a_vendors_message(body: bytes, content_type: str, shown: str) -> None:
    assert vendor_message(answer(body, content_type)) == shown


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("Thu, 26 Nov 2026 04:15:29 GMT", 2026),
        ("Thu, 26 Nov 2026 04:15:29 +0000", 2026),
        ("Thu, 26 Nov 2026 04:15:29 GMT, Thu, 26 Nov 2026 04:15:29 GMT", 2026),
        ("yesterday", None),
        ("", None),
        ("Mon, 41 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_a_vendors_clock(date: str, year: int | None) -> None:
    moment = vendor_clock(answer(b"", Date=date))
    assert (moment and moment.year) == year


def test_each_host_has_the_proxy_that_the_environment_names_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "vendor.example")
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    used: list[object] = []

    class Adapter(BaseAdapter):
        def send(self, *_: object, **how: object) -> requests.Response:
            used.append(how["proxies"])
            answer = requests.Response()
            answer.status_code, answer.raw = 200, BytesIO()
            return answer

        def close(self) -> None:
            pass

    session = Session()
    session.mount("http://", Adapter())
    for host in ("vendor.example", "files.example", "vendor.example", "files.example"):
        prepared = session.prepare_request(requests.Request("GET", f"http://{host}/"))
        session.send(prepared, allow_redirects=False)
    by_proxy = {"http": "http://proxy.example:3128"}
    assert used == [{}, by_proxy, {}, by_proxy]
