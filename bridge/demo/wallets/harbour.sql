-- Harbour keeps one row for a transaction and changes its status in place.
CREATE SCHEMA harbour;

CREATE TABLE harbour.users (
    user_id     integer PRIMARY KEY,
    nick        text    NOT NULL,
    is_internal boolean NOT NULL DEFAULT false
);

CREATE TABLE harbour.vendors (
    vendor_id integer PRIMARY KEY,
    name      text    NOT NULL
);

CREATE TABLE harbour.games (
    game_id   integer  PRIMARY KEY,
    name      text     NOT NULL,
    category  smallint NOT NULL,
    vendor_id integer  NOT NULL
);

-- amount is seen from the player: a wager is zero or less, a payout zero or more.
-- bonus is the part of it that was bonus money, without a sign.
CREATE TABLE harbour.transactions (
    id           bigint         PRIMARY KEY,
    user_id      integer        NOT NULL,
    type         text           NOT NULL,
    status       text           NOT NULL,
    amount       numeric(18, 2) NOT NULL,
    bonus        numeric(18, 2) NOT NULL DEFAULT 0,
    currency     char(3)        NOT NULL,
    fx           numeric(12, 6) NOT NULL,
    round_ref    text,
    round_closed boolean        NOT NULL DEFAULT false,
    game_id      integer,
    device       text,
    note         text,
    created_at   timestamptz    NOT NULL,
    status_at    timestamptz    NOT NULL
);

ALTER TABLE harbour.transactions REPLICA IDENTITY FULL;

CREATE PUBLICATION harbour_cdc
    FOR TABLES IN SCHEMA harbour;

INSERT INTO harbour.users (user_id, nick, is_internal) VALUES
    (501, 'Anċ', false), (502, 'Bożena', false), (503, 'Cé', false), (504, 'Dürer', false),
    (505, 'Eŭropo', false), (506, 'Fínn', false), (507, 'Gül', false), (508, 'Ħal', false),
    (599, 'QA', true);

INSERT INTO harbour.vendors (vendor_id, name) VALUES
    (3, 'Lighthouse'), (8, 'Grüner & Fils "GF"');

INSERT INTO harbour.games (game_id, name, category, vendor_id) VALUES
    (310, 'Anchors Aweigh', 1, 3), (311, 'Harbour Roulette', 2, 8), (312, 'Baccarat d''Or', 3, 8),
    (313, 'Rocket 🚀', 4, 3);

-- From before the feed was switched on: not sent, but a later reversal of it is.
INSERT INTO harbour.transactions
    (id, user_id, type, status, amount, currency, fx, round_ref, round_closed, game_id, created_at, status_at) VALUES
    (7203685477580100001, 501, 'wager', 'done', -12.50, 'EUR', 1, 'hb-0', true, 310,
     '2026-01-31 18:30:00.120011+00', '2026-01-31 18:30:00.120011+00');
