"""No address is followed that is not the vendors' or a document's: who registers a free name would get our users."""

import re
import subprocess

import pytest

from tests.meltano import ROOT
from tools.installing import Repository

ADDRESS = re.compile(r"https?://(?:[^\s/\"'`@<>()]*@)?([A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}|localhost|[\d.]+\d)")
# Names that nobody can register (RFC 2606), and this machine.
RESERVED = re.compile(r"(^|\.)(example|invalid|test|localhost)$|(^|\.)example\.(com|org|net)$|^127\.\d+\.\d+\.\d+$")
HOSTS = {
    # The vendors' APIs and sites.
    "app.maestroqa.com",
    "www.maestroqa.com",
    "users.execvision.io",
    "www.mediafly.com",
    "analytics-api.app.lithium.com",
    "khoros.com",
    "blancapeak.stellaconnect.net",
    "contact-centre.api.stellaconnect.net",
    "www.medallia.com",
    # What the documents are about, and what the SDK says of its own settings.
    "www.singer.io",
    "sdk.meltano.com",
    "hub.meltano.com",
    "docs.getdbt.com",
    "faker.readthedocs.io",
    # What target-postgres says of its settings.
    "docs.sqlalchemy.org",
    "www.postgresql.org",
    # The names of formats.
    "json-schema.org",
    "www.apache.org",
    "www.w3.org",
    # In the licence line of a font in docs/demo.svg, which rich writes.
    "www.textualize.io",
}
# Hosts that look like this machine, and must not be reached.
TESTS = {"127.0.0.1.example.com", "localhost.example.com"}


def texts() -> dict[str, str]:
    """Return every text file of the repository by its name."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return {str(path.relative_to(ROOT)): path.read_text(errors="ignore") for path in paths}


def strange(text: str) -> set[str]:
    """Return the hosts of a text that are on no list."""
    ours = set(ADDRESS.findall(Repository.of(ROOT).address))
    return {host for host in ADDRESS.findall(text) if not RESERVED.search(host)} - HOSTS - TESTS - ours


def test_no_other_host() -> None:
    found = {name: hosts for name, text in texts().items() if (hosts := strange(text))}
    assert not found


@pytest.mark.parametrize("host", ["code-host.com", "8.8.8.8", "www.example.com.evil.io"])
@pytest.mark.parametrize("before", ["git+https://", "http://", "https://user:word@"])
def test_another_host_is_found(host: str, before: str) -> None:
    assert strange(f"see {before}{host}/owner/name.git#subdirectory=tap") == {host}


def test_no_code_host_is_named_without_a_scheme() -> None:
    hosts = re.compile(r"\b(git(hub|lab)|bitbucket)\.(com|org)\b|(?<!\.)\bgit@", re.IGNORECASE)
    assert not [name for name, text in texts().items() if hosts.search(text)]
