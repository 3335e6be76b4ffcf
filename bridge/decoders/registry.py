"""Asks a schema registry (Confluent's HTTP interface, which Apicurio and others have too)."""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from typing import Final, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

import msgspec

from bridge.errors import DecodeError, SourceUnavailable

_MOST_BYTES: Final = 8 * 1024 * 1024


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the schema registry is, and how it is asked."""

    url: str
    """With the path of Confluent's interface, for Apicurio `http://…/apis/ccompat/v7`."""
    user: str | None = None
    password: str | None = None
    ca: str | None = None
    """A file with the certificates to trust; None trusts those of the system."""
    timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        # The password is not for logs.
        return f"RegistrySettings(url={urlsplit(self.url).hostname!r})"


class SchemaReference(msgspec.Struct, frozen=True):
    """Where a type is registered that a schema names and does not define."""

    subject: str
    version: int


class RegisteredSchema(msgspec.Struct, frozen=True):
    """A schema as the registry gives it out."""

    schema: str
    schema_type: str = msgspec.field(default="AVRO", name="schemaType")
    references: list[SchemaReference] | None = None
    id: int | None = None


class _Use(msgspec.Struct):
    subject: str
    version: int


class _Refusal(msgspec.Struct):
    error_code: int


# "Schema not found" in the registry's own numbers; another 404 means that the URL is wrong.
_NO_SUCH_SCHEMA: Final = 40403
_NO_SUCH_VERSION: Final = (40401, 40402)
"""There is no such subject, or it has no such version."""

_A = TypeVar("_A")


class Registry:
    """One schema registry.  Keeps nothing; whoever asks keeps the answer."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Raises ValueError for a URL that is not of http or https, and for a file without certificates."""
        if urlsplit(settings.url).scheme not in {"http", "https"}:
            raise ValueError("the schema registry's URL must begin with http:// or https://")
        self._settings = settings
        try:
            is_secure = urlsplit(settings.url).scheme == "https"
            self._tls = ssl.create_default_context(cafile=settings.ca) if is_secure else None
        except (OSError, ssl.SSLError):
            raise ValueError(f"{settings.ca} is no readable file with certificates") from None

    def schema(self, schema_id: int) -> RegisteredSchema:
        """Return the schema with this id; waits at most the time limit of the settings for each byte.

        Raises DecodeError when the registry says that there is none, and SourceUnavailable when it
        gives no answer that can be understood.
        """
        try:
            found = self._get(f"schemas/ids/{schema_id}", RegisteredSchema)
        except HTTPError as error:
            with error:
                if error.code == 404 and _refusal(error) == _NO_SUCH_SCHEMA:
                    raise _unknown(schema_id) from None
                if error.code != 400:
                    raise _trouble(error) from None
            found = self._by_subject(schema_id)
        if found.id not in (None, schema_id):
            raise SourceUnavailable(f"the schema registry answers with another schema than {schema_id}")
        return found

    def version(self, subject: str, version: int) -> RegisteredSchema:
        """Return one version of a subject, deleted ones too: what was written with it is still there.

        Raises DecodeError when the registry says that there is none, else as `schema`.
        """
        try:
            return self._get(
                f"subjects/{quote(subject, safe='')}/versions/{version}?deleted=true", RegisteredSchema
            )
        except HTTPError as error:
            with error:
                if error.code == 404 and _refusal(error) in _NO_SUCH_VERSION:
                    reason = f"the registry knows no version {version} of {subject}, to which a schema refers"
                    raise DecodeError("unknown_schema", reason) from None
                raise _trouble(error) from None

    def _by_subject(self, schema_id: int) -> RegisteredSchema:
        """Ask for a subject that has the schema, and for its version there.

        Apicurio 3.0 cannot tell the type of a schema by its id (its issue 5713), yet by subject it can.
        """
        try:
            uses = self._get(f"schemas/ids/{schema_id}/versions", list[_Use])
            if not uses:
                raise _unknown(schema_id)
            return self._get(
                f"subjects/{quote(uses[0].subject, safe='')}/versions/{uses[0].version}", RegisteredSchema
            )
        except HTTPError as error:
            with error:
                raise _trouble(error) from None

    def _get(self, path: str, kind: type[_A]) -> _A:
        """Raises HTTPError for an answer of 400 and more."""
        seconds = self._settings.timeout_seconds
        try:
            with urlopen(self._request(path), timeout=seconds, context=self._tls) as response:  # noqa: S310 -- http and https only, see above
                body = response.read(_MOST_BYTES + 1)
        except HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"the schema registry does not answer: {type(error).__name__}") from None
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeError):
            raise SourceUnavailable("the schema registry's answer is no schema; is its URL right?") from None

    def _request(self, path: str) -> Request:
        settings = self._settings
        request = Request(f"{settings.url.rstrip('/')}/{path}")  # noqa: S310 -- see above
        request.add_header("Accept", "application/vnd.schemaregistry.v1+json, application/json")
        if settings.user is not None:
            login = b64encode(f"{settings.user}:{settings.password or ''}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        return request


def _refusal(error: HTTPError) -> int | None:
    try:
        return msgspec.json.decode(error.read(65_536), type=_Refusal).error_code
    except (msgspec.DecodeError, UnicodeError, OSError, http.client.HTTPException):
        return None


def _trouble(error: HTTPError) -> SourceUnavailable:
    return SourceUnavailable(f"the schema registry answers with status {error.code}; is its URL right?")


def _unknown(schema_id: int) -> DecodeError:
    return DecodeError(
        "unknown_schema",
        f"the registry knows no schema {schema_id}; Apicurio must write Confluent's form (as-confluent=true)",
    )
