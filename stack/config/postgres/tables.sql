-- Containers only: the demo's wallet tables with their publication, made by their owner.
\connect wallet
\i /wallet/schema.sql
\i /wallet/seed.sql
