"""A `Bucket` over R2's S3 API, for code outside Workers.

An object is put whole by one request, signed with its SHA-256. A write is sent once: repeated after a lost answer, a put would find
its own object and say that another was there. What only reads is tried a few times.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from avro_ocf.errors import ConflictError, NotFoundError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import ObjectInfo

try:
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError
    from obstore.store import S3Store
except ImportError as missing:
    raise ImportError("R2's S3 API is used through obstore: pip install 'avro-ocf[cloudflare]'") from missing

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Credential

KEY_BYTES: Final = 1_024
"""Bytes of the longest key."""

PAGE_OBJECTS: Final = 1_000

MOST_BYTES: Final = 2**50
"""More than any object has."""

READ_RETRIES: Final = 3

CONNECT_MS: Final = 10_000
"""Milliseconds to wait for a connection at most."""

_NO_KEY: Final = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_ACCOUNT: Final = re.compile("[0-9A-Za-z]+")
_BUCKET: Final = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_URL_CHARACTERS: Final = re.compile(r"[\w.:/\[\]-]+", re.ASCII)
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w{1,60})</Code>")
_NEVER_SENT: Final = re.compile(r"HttpError \{\s+kind: Connect,")


class _LockedError(ConflictError):
    """An object is kept by a lock rule."""


class _NoRangeError(StoreError):
    """A range begins where an object ends, or later."""


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname and parts.port != 0 and _URL_CHARACTERS.fullmatch(text))
    except ValueError:
        return False


def _is_key(key: str) -> bool:
    is_text = not _NO_KEY.search(key) and len(key.encode()) <= KEY_BYTES
    return is_text and not any(part in {"", ".", ".."} for part in key.split("/"))


def _info(found: "ObjectMeta") -> ObjectInfo:
    # HEAD tells a time in whole seconds, and LIST has to tell the same.
    return ObjectInfo(found["path"], found["size"], int(found["last_modified"].timestamp()) * 1000)


class R2S3:
    """A `Bucket` over the S3 API of an R2 bucket; the keys need the permission Object Read & Write for it.

    `endpoint` stands in for the one of the account, as for a bucket in a jurisdiction. A request takes up to `timeout_ms`
    milliseconds. Every method raises `StoreError` for what can be no key here: past `KEY_BYTES`, no Unicode text, with a control
    character, or with a segment that is empty, `.` or `..`. So does the class itself for what names no bucket or no endpoint.
    """

    def __init__(
        self,
        account_id: str,
        bucket: str,
        access_key_id: str,
        secret_access_key: str,
        *,
        endpoint: str | None = None,
        timeout_ms: int = 60_000,
    ) -> None:
        if not _ACCOUNT.fullmatch(account_id):
            raise StoreError(f"{account_id!r} cannot be the id of an account")
        url = f"https://{account_id}.r2.cloudflarestorage.com" if endpoint is None else endpoint
        if not _is_url(url):
            raise StoreError(f"{url!r} is no endpoint of R2")
        url = url.rstrip("/")
        if not _BUCKET.fullmatch(bucket):
            raise StoreError(f"{bucket!r} cannot be the name of a bucket")
        if not (access_key_id and secret_access_key):
            raise StoreError(f"bucket {bucket}: an access key's id and its secret are needed")

        def credential() -> "S3Credential":
            return {"access_key_id": access_key_id, "secret_access_key": secret_access_key, "token": None, "expires_at": None}

        def store(retries: int) -> S3Store:
            # The environment may be about another service, so all is set by which it could send objects or keys astray.
            return S3Store(
                bucket,
                endpoint=url,
                aws_endpoint_url_s3=url,
                region="auto",
                credential_provider=credential,
                virtual_hosted_style_request=False,
                conditional_put="etag",
                skip_signature=False,
                unsigned_payload=False,
                s3_express=False,
                disable_bulk_delete=True,
                retry_config={"max_retries": retries, "retry_timeout": timedelta(milliseconds=timeout_ms)},
                client_options={
                    "allow_invalid_certificates": False,
                    "allow_http": url.startswith("http:"),
                    "timeout": timedelta(milliseconds=timeout_ms),
                    "connect_timeout": timedelta(milliseconds=min(timeout_ms, CONNECT_MS)),
                },
            )

        self._bucket = bucket
        self._reads = store(READ_RETRIES)
        self._writes = store(0)

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        """Store an object and return whether it was stored, as `Bucket.put` says.

        What `chunks` raises is raised, and nothing is sent. When the task is cancelled the object may still be stored. Where a lock
        rule of the bucket keeps an object, replacing it raises `ConflictError`.
        """
        place = self._place(key)
        content = b"".join(chunks)
        try:
            with self._errors(place, is_write=True):
                await obstore.put_async(
                    self._writes, key, content, mode="create" if if_absent else "overwrite", use_multipart=False
                )
        except _LockedError:
            if if_absent:  # what a lock keeps is there
                return False
            raise
        except AlreadyExistsError:
            return False
        return True

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Return a range of an object's bytes, none from its end on. Raises `NotFoundError` and `UnavailableError`."""
        start = min(start_byte, MOST_BYTES)
        try:
            with self._errors(self._place(key)):
                found = await obstore.get_range_async(self._reads, key, start=start, length=min(length, MOST_BYTES))
                return found.to_bytes()
        except _NoRangeError:
            return b""

    async def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, or None where there is none, nor maybe such a bucket. Raises `UnavailableError`."""
        try:
            with self._errors(self._place(key)):
                return _info(await obstore.head_async(self._reads, key))
        except NotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Remove an object, if it is there.

        Raises `UnavailableError`, `OutcomeUnknownError` where it may yet be removed, and `ConflictError` where a lock keeps it.
        """
        with self._errors(self._place(key), is_write=True):
            await obstore.delete_async(self._writes, key)

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield every object whose key begins with `prefix`, in order of keys; of those put or deleted meanwhile, some may be.

        Raises `UnavailableError`, and `StoreError` where it comes to an object whose key can be none here: it has to be removed.
        """
        folder = prefix.rpartition("/")[0]  # obstore takes whole segments
        start_after = prefix[:-1].rstrip("/.")
        place = f"{self._bucket}/{prefix}"
        try:
            pages = obstore.list(self._reads, folder or None, offset=start_after or None, chunk_size=PAGE_OBJECTS)
        except ValueError:
            return  # no key begins so
        while True:
            with self._errors(place):
                page = await anext(pages, None)
            if page is None:
                return
            for found in page:
                info = _info(found)
                if info.key.startswith(prefix):
                    # obstore drops the slash from the key of an empty object that stands for a folder.
                    if info.size or await self.head(info.key):
                        yield info
                elif start_after and info.key > prefix:
                    return

    def _place(self, key: str) -> str:
        if not _is_key(key):
            raise StoreError(f"{key!r} cannot be a key of {self._bucket}")
        return f"{self._bucket}/{key}"

    @contextmanager
    def _errors(self, place: str, is_write: bool = False) -> Iterator[None]:
        try:
            yield
        except AlreadyExistsError:
            raise
        except (BaseError, FileNotFoundError) as error:
            raise self._error_of(place, error, is_write) from error

    def _error_of(self, place: str, error: Exception, is_write: bool) -> StoreError:
        """Return what an error means to the store. obstore has but few kinds, and tells the rest in its text."""
        text = str(error)
        status, code = ([*pattern.findall(text), ""][0] for pattern in (_STATUS, _CODE))
        told = f"{place}: R2 answers {status} {code}".rstrip() if status else f"{place}: {text.splitlines()[0]}"
        if code == "NoSuchBucket" or (status == "404" and is_write):
            return StoreError(f"{told}; there is no bucket {self._bucket}: create it, or check its name and the account's id")
        if status == "404":
            return NotFoundError(f"{place}: there is no such object")
        if status == "416":
            return _NoRangeError(told)
        if code == "ObjectLockedByBucketPolicy":
            return _LockedError(f"{told}; a lock rule of the bucket forbids it")
        if status in {"401", "403"}:
            return StoreError(f"{told}; check the access key, and that it has Object Read & Write for bucket {self._bucket}")
        if status == "429":
            return UnavailableError(f"{told}; back off: a key is written once a second at most")
        if isinstance(error, InvalidPathError):
            return StoreError(f"{told}; remove that object, or take a bucket of its own")
        if status.startswith("4") and status not in {"408", "409", "499"}:
            return StoreError(told)
        if _NEVER_SENT.search(text) and not status:
            return UnavailableError(f"{place}: R2 cannot be reached")
        if is_write:
            return OutcomeUnknownError(f"{told}; whether it is done shows when the object is read")
        return UnavailableError(f"{told}; try again later")
