"""Who may do what: an admin token for everything, and tokens for one dataset each, which no one has to store.

A dataset token is `v1.DATASET.EXPIRES.SIGNATURE`: the dataset's id in base64url, milliseconds since the epoch, and an HMAC-SHA256
over all before it, in base64url. Whoever has the secret can make one, and nobody else can change one.
"""

import hashlib
import hmac
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from avro_ocf.errors import StoreError
from avro_ocf.hotcold.names import check_id, check_time
from avro_ocf.worker.http import HttpError

LEAST_CHARACTERS: Final = 16
"""Characters of the shortest admin token and dataset secret."""

AHEAD_MS: Final = 86_400_000
"""How far ahead of the clock the timestamp of an upload with a dataset token may be."""

_PURPOSE: Final = b"avro_ocf dataset token\n"
_SECRET: Final = re.compile(f"[!-~]{{{LEAST_CHARACTERS},}}")
_BEARER: Final = re.compile("Bearer +([!-~]+)", re.IGNORECASE)
_DATASET_TOKEN: Final = re.compile(r"(v1\.([A-Za-z0-9_-]+)\.([0-9]{1,16}))\.([A-Za-z0-9_-]{43})")
_MONTH: Final = re.compile("[0-9]{4}-(?:0[1-9]|1[0-2])")
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="avro-ocf"'}


class Grant(NamedTuple):
    """What a request may do: everything if `dataset_id` is None, else write and read that dataset; `now_ms` is when it came."""

    dataset_id: str | None
    now_ms: int = 0

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything."""
        return self.dataset_id is None

    def check_admin(self) -> None:
        """Raise `HttpError` unless it may do everything."""
        if not self.is_admin:
            raise HttpError(403, "this needs the admin token")

    def check_dataset(self, dataset_id: object) -> None:
        """Raise `HttpError` unless it may write and read that dataset, which may be one that is not there."""
        if self.dataset_id not in {None, dataset_id}:
            raise HttpError(403, "the token is for another dataset")

    def check_upload(self, timestamp: int | None, period_tag: str | None) -> None:
        """Raise `HttpError` unless it may choose these: objects are shared, and one dataset must not keep or multiply them."""
        if self.is_admin:
            return
        if timestamp is not None and timestamp > self.now_ms + AHEAD_MS:
            raise HttpError(400, "timestamp: it is more than a day ahead of the clock", path="timestamp")
        if period_tag is not None and not _MONTH.fullmatch(period_tag):
            raise HttpError(403, "period_tag: a dataset token may only give a month, YYYY-MM", path="period_tag")


class Access:
    """Who may do what. Without `dataset_secret` there are no dataset tokens. `clock` returns milliseconds since the epoch.

    Raises `StoreError` for a token or secret of fewer than 16 visible ASCII characters, and for one that is used as both.
    """

    def __init__(
        self, admin_token: str, dataset_secret: str | None = None, *, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        check_secret(admin_token, "the admin token")
        if dataset_secret is not None:
            check_secret(dataset_secret, "the dataset secret")
            if dataset_secret == admin_token:
                raise StoreError("the admin token and the dataset secret are the same: give each its own")
        self._admin_digest = _digest(admin_token)
        self._dataset_secret = dataset_secret
        self._clock = clock

    def grant(self, headers: Mapping[str, str]) -> Grant:
        """Return what the request with these headers may do. Raises `HttpError` without a valid token."""
        if "authorization" not in headers:
            raise HttpError(401, "this needs a token: Authorization: Bearer ...", headers=_CHALLENGE)
        bearer = _BEARER.fullmatch(headers["authorization"])
        if bearer is None:
            raise _refused("the header authorization is not: Bearer, and a token")
        if hmac.compare_digest(_digest(bearer[1]), self._admin_digest):
            return Grant(None)
        return self._dataset_grant(bearer[1])

    def _dataset_grant(self, token: str) -> Grant:
        parts = _DATASET_TOKEN.fullmatch(token)
        if parts is None or self._dataset_secret is None:
            raise _refused("the token is not valid")
        if not hmac.compare_digest(_signature(self._dataset_secret, parts[1]), parts[4]):
            raise _refused("the token is not valid")
        now_ms = self._clock()
        if now_ms >= int(parts[3]):
            raise _refused("the token has expired")
        return Grant(urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4)).decode(), now_ms)


def issue_token(secret: str, dataset_id: str, expires_at_ms: int) -> str:
    """Return a token to write and read one dataset, before `expires_at_ms`, in milliseconds since the epoch.

    Raises `StoreError` for a secret of fewer than 16 visible ASCII characters and `DatumError` for a bad id or time.
    """
    check_secret(secret, "the dataset secret")
    signed = f"v1.{_base64(check_id(dataset_id, 'dataset_id').encode())}.{check_time(expires_at_ms, 'expires_at_ms')}"
    return f"{signed}.{_signature(secret, signed)}"


def check_secret(text: object, name: str) -> None:
    """Raise `StoreError` unless `text` can be a token or secret. It is not told, only its name."""
    if not isinstance(text, str) or not _SECRET.fullmatch(text):
        raise StoreError(f"{name} is not set, or is not {LEAST_CHARACTERS} or more visible ASCII characters")


def _signature(secret: str, signed: str) -> str:
    return _base64(hmac.digest(secret.encode(), _PURPOSE + signed.encode(), "sha256"))


def _digest(token: str) -> bytes:
    """Return a hash of a token: of one length, so that comparing takes the same time whatever was sent."""
    return hashlib.sha256(token.encode()).digest()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _refused(message: str) -> HttpError:
    return HttpError(401, message, headers={"www-authenticate": 'Bearer realm="avro-ocf", error="invalid_token"'})
