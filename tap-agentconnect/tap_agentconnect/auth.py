"""The key and the signed token that every request carries."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import jwt
from requests.auth import AuthBase

if TYPE_CHECKING:
    from requests import PreparedRequest

# The vendor hands out secrets shorter than the 32 bytes that PyJWT would like.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

# A token from the future is refused, so it is dated back for a clock that is a little fast.
BEHIND = 10


class SignedToken(AuthBase):
    """Signs each try anew, when its turn has come."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        """Sign with this secret, which belongs to this key."""
        self._key, self._secret = api_key, api_secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add both headers; the token stands bare, without `Bearer`."""
        request.headers["x-api-key"] = self._key
        request.headers["Authorization"] = jwt.encode({"iat": int(time.time()) - BEHIND}, self._secret, "HS256")
        return request
