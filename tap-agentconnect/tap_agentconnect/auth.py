"""The key and the signed token that every request carries."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import jwt
from requests.auth import AuthBase
from typing_extensions import override

if TYPE_CHECKING:
    from requests import PreparedRequest

# The vendor hands out secrets shorter than the 32 bytes that PyJWT would like.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

#: A token from the future is refused, so it is dated back for a clock that is a little fast.
CLOCK_SKEW = 10


class SignedToken(AuthBase):
    """Signs each try anew, when its turn has come."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        """Sign with this secret, which belongs to this key."""
        self._key, self._secret = api_key, api_secret

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add both headers; the token stands bare, without `Bearer`."""
        request.headers["x-api-key"] = self._key
        request.headers["Authorization"] = self.token()
        return request

    def token(self) -> str:
        """Return a token that is dated now."""
        return jwt.encode({"iat": int(time.time()) - CLOCK_SKEW}, self._secret, "HS256")


def can_sign(api_secret: str) -> bool:
    """Tell whether a secret can sign: a PEM file cannot, which is a key of another kind."""
    try:
        SignedToken("", api_secret).token()
    except (jwt.PyJWTError, ValueError):
        return False
    return True
