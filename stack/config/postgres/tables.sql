-- Containers only: the tables of the demo's two wallets with their publications, made by their owner.
\connect wallet
\i /wallet/northern-lights.sql
\i /wallet/harbour.sql
