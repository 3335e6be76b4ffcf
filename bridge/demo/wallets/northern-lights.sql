-- Northern Lights writes a ledger that only grows.  A rollback is a row of its own that names the
-- row it takes back and says nothing else about it.
CREATE SCHEMA northern_lights;

CREATE TABLE northern_lights.players (
    player_id bigint  PRIMARY KEY,
    nickname  text    NOT NULL,
    is_test   boolean NOT NULL DEFAULT false
);

CREATE TABLE northern_lights.providers (
    provider_id integer PRIMARY KEY,
    title       text    NOT NULL
);

-- A new game is sometimes entered a little after it was first played.
CREATE TABLE northern_lights.games (
    game_code   text    PRIMARY KEY,
    title       text    NOT NULL,
    category    text    NOT NULL,
    provider_id integer NOT NULL
);

-- One unit of the currency in EUR, from valid_from until the next row of that currency.
CREATE TABLE northern_lights.fx_rates (
    currency   char(3)        NOT NULL,
    valid_from timestamptz    NOT NULL,
    rate       numeric(18, 9) NOT NULL,
    PRIMARY KEY (currency, valid_from)
);

-- amount is in ten-thousandths of the currency.
CREATE TABLE northern_lights.wallet_tx (
    tx_uuid      uuid        PRIMARY KEY,
    ref_uuid     uuid,
    kind         text        NOT NULL,
    player_id    bigint      NOT NULL,
    game_code    text,
    round        text,
    amount       bigint,
    currency     char(3),
    round_closed boolean     NOT NULL DEFAULT false,
    is_free      boolean     NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL
);

-- The records are keyed by player_id, which is not the primary key: the old row must be complete.
ALTER TABLE northern_lights.wallet_tx REPLICA IDENTITY FULL;

CREATE PUBLICATION northern_lights_cdc
    FOR TABLES IN SCHEMA northern_lights;

INSERT INTO northern_lights.players (player_id, nickname, is_test) VALUES
    (1001, 'Aurora', false), (1002, 'Björn', false), (1003, 'Ćiro', false), (1004, 'Đurđa', false),
    (1005, 'Élodie', false), (1006, 'Fjóla', false), (1007, 'Grzegorz', false), (1008, 'Håkon', false),
    (1009, 'İpek', false), (1010, 'João', false), (1011, 'Kōji', false), (1012, 'Łucja', false),
    (1099, 'robot', true);

INSERT INTO northern_lights.providers (provider_id, title) VALUES
    (1, 'Polar Fox Games'), (2, 'Midnight Sun Live'), (3, 'Fjord & Sons');

INSERT INTO northern_lights.games (game_code, title, category, provider_id) VALUES
    ('reindeer-run', 'Reindeer Run', 'slot', 1),
    ('ice-fishing', 'Ice Fishing "Deluxe"', 'slot', 1),
    ('live-roulette', 'Live Roulette – Tromsø', 'live', 2),
    ('blackjack-7', 'Blackjack 7', 'table', 3);

INSERT INTO northern_lights.fx_rates (currency, valid_from, rate) VALUES
    ('EUR', '2020-01-01 00:00:00+00', 1),
    ('SEK', '2020-01-01 00:00:00+00', 0.087125),
    ('NOK', '2020-01-01 00:00:00+00', 0.085310),
    ('BRL', '2020-01-01 00:00:00+00', 0.161300001);

-- From before the feed was switched on: not sent, but a later rollback of it is.
INSERT INTO northern_lights.wallet_tx
    (tx_uuid, kind, player_id, game_code, round, amount, currency, round_closed, created_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 'bet', 1001, 'ice-fishing', 'NL-0', 125000, 'SEK', true,
     '2026-01-31 23:59:59.999999+00');
