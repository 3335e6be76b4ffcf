-- Run by the owner when the data folder is new, in containers and natively; a second run changes nothing.
-- psql reads the password from the environment, so that it stands in no file and no process list.
\getenv debezium_password DEBEZIUM_PASSWORD

-- Debezium may read the log and the tables. It owns nothing and may write nothing;
-- the publication is made by the owner of the tables.
SELECT format('CREATE ROLE debezium LOGIN REPLICATION PASSWORD %L', :'debezium_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'debezium') \gexec

-- Rights are kept per database and copied from the template: each database made later has them too.
\connect template1
ALTER DEFAULT PRIVILEGES FOR ROLE wallet_owner GRANT USAGE ON SCHEMAS TO debezium;
ALTER DEFAULT PRIVILEGES FOR ROLE wallet_owner GRANT SELECT ON TABLES TO debezium;

\connect postgres
SELECT 'CREATE DATABASE wallet'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'wallet') \gexec
