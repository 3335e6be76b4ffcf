"""Secrets that change while a bridge runs."""

from __future__ import annotations

from pathlib import Path

from bridge.brand import Brand, load_brand
from bridge.running.surroundings import Surroundings
from tests.support.cases import ENVIRONMENT, EXAMPLES

URL = "amqp://bridge:{}@127.0.0.1:5672/"


def with_secret_file(folder: Path) -> tuple[Brand, Path]:
    secret = folder / "rabbitmq"
    secret.write_text(URL.format("old"))
    path = folder / "brand.yaml"
    text = (EXAMPLES / "ledger-reference.yaml").read_text()
    assert '"${RABBITMQ_URL}"' in text
    path.write_text(text.replace('"${RABBITMQ_URL}"', '"${file:rabbitmq}"'))
    return load_brand(path, ENVIRONMENT), secret


def url_of(brand: Brand) -> str:
    return brand.connector.target.rabbitmq.url.get_secret_value()


def test_a_secret_in_a_file_is_read_anew(tmp_path: Path) -> None:
    brand, secret = with_secret_file(tmp_path)
    surroundings = Surroundings(brand, ENVIRONMENT)
    assert surroundings.brand() is brand
    secret.write_text(URL.format("new"))
    assert url_of(surroundings.brand()) == URL.format("new")


def test_while_a_secret_is_being_replaced_the_last_one_holds(tmp_path: Path) -> None:
    brand, secret = with_secret_file(tmp_path)
    surroundings = Surroundings(brand, ENVIRONMENT)
    for halfway in (None, "", "no url at all"):
        secret.unlink(missing_ok=True)
        if halfway is not None:
            secret.write_text(halfway)
        assert url_of(surroundings.brand()) == URL.format("old")
    secret.write_text(URL.format("new"))
    assert url_of(surroundings.brand()) == URL.format("new")


def test_what_else_is_changed_in_the_connector_counts_with_the_next_start(tmp_path: Path) -> None:
    brand, _ = with_secret_file(tmp_path)
    surroundings = Surroundings(brand, ENVIRONMENT)
    brand.path.write_text("no connector any more")
    assert surroundings.brand() is brand
