"""Asks a schema registry (Confluent's HTTP interface, which Apicurio and others have too)."""

from __future__ import annotations

import http.client
from base64 import b64encode
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
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
    timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        # The password is not for logs.
        return f"RegistrySettings(url={urlsplit(self.url).hostname!r})"


class RegisteredSchema(msgspec.Struct, frozen=True):
    """A schema as the registry gives it out."""

    schema: str
    schema_type: str = msgspec.field(default="AVRO", name="schemaType")
    references: list[object] | None = None


_answer = msgspec.json.Decoder(RegisteredSchema)


class Registry:
    """One schema registry.  Keeps nothing; whoever asks keeps the answer."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Raises ValueError for a URL that is not of http or https."""
        if urlsplit(settings.url).scheme not in {"http", "https"}:
            raise ValueError("the schema registry's URL must begin with http:// or https://")
        self._settings = settings

    def schema(self, schema_id: int) -> RegisteredSchema:
        """Return the schema with this id; waits at most the time limit of the settings for each byte.

        Raises DecodeError when the registry says that there is none, and SourceUnavailable when it
        gives no answer that can be understood.
        """
        try:
            with urlopen(self._request(schema_id), timeout=self._settings.timeout_seconds) as response:  # noqa: S310 -- http and https only, see above
                body = response.read(_MOST_BYTES + 1)
        except HTTPError as error:
            with error:
                if error.code == 404:
                    raise _unknown(schema_id) from None
                raise SourceUnavailable(f"the schema registry answers with status {error.code}") from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"the schema registry does not answer: {type(error).__name__}") from None
        try:
            return _answer.decode(body)
        except msgspec.DecodeError:
            raise SourceUnavailable("the schema registry's answer is no schema; is its URL right?") from None

    def _request(self, schema_id: int) -> Request:
        settings = self._settings
        request = Request(f"{settings.url.rstrip('/')}/schemas/ids/{schema_id}")  # noqa: S310 -- see above
        request.add_header("Accept", "application/vnd.schemaregistry.v1+json, application/json")
        if settings.user is not None:
            login = b64encode(f"{settings.user}:{settings.password or ''}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        return request


def _unknown(schema_id: int) -> DecodeError:
    return DecodeError(
        "unknown_schema",
        f"the registry knows no schema {schema_id}; Apicurio must write Confluent's form (as-confluent=true)",
    )
