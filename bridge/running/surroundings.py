"""What a connector says with its variables as they are now: secrets change while a bridge runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

import structlog

from bridge.brand import Brand
from bridge.config.connector import Connector
from bridge.config.loading import model_in
from bridge.errors import ConfigError

LOG = structlog.get_logger(__name__)


class Surroundings:
    """A brand whose `${NAME}` and `${file:…}` are read anew whenever it is asked for.

    The text of the connector stays that of the start: what else is changed in the file counts with the
    next start.  Any thread may ask.
    """

    def __init__(self, brand: Brand, environment: Mapping[str, str] = os.environ) -> None:
        self._brand = brand
        self._environment = environment
        self._text = brand.path.read_text(encoding="utf-8-sig")
        self._troubled = False

    def brand(self) -> Brand:
        """Return the brand as it is now; as it was last, while a variable cannot be read."""
        try:
            connector = model_in(self._text, self._brand.path, Connector, self._environment).model
        except ConfigError as error:
            # A secret that is just being replaced; its next reading comes with the next attempt to connect.
            if not self._troubled:
                LOG.warning("secrets_cannot_be_read", error=str(error))
            self._troubled = True
        else:
            self._troubled = False
            if connector != self._brand.connector:
                self._brand = dataclasses.replace(self._brand, connector=connector)
        return self._brand
