-- Run once by the owner, in containers and natively, when the data folder is new.
-- psql reads the password from the environment, so that it stands in no file and no process list.
\getenv debezium_password DEBEZIUM_PASSWORD

-- Debezium may read the log and the tables. It owns nothing and may write nothing;
-- the publication is made by the owner of the tables.
CREATE ROLE debezium LOGIN REPLICATION PASSWORD :'debezium_password';

-- Rights are kept per database and copied from the template: each database made later has them too.
\connect template1
ALTER DEFAULT PRIVILEGES FOR ROLE wallet_owner GRANT USAGE ON SCHEMAS TO debezium;
ALTER DEFAULT PRIVILEGES FOR ROLE wallet_owner GRANT SELECT ON TABLES TO debezium;

\connect postgres
CREATE DATABASE wallet;
