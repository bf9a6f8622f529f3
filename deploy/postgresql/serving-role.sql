-- The role that serves the site: it writes records and can neither change the audit trail nor take its triggers down.
-- Run as the tables' owner, in the site's database, after every manage.py bootstrap and after a restore:
--     psql --dbname=trial --username=trial_owner --file=deploy/postgresql/serving-role.sql
-- The role itself is made once by PostgreSQL's administrator: CREATE ROLE trial_web LOGIN PASSWORD '…';

BEGIN;
GRANT USAGE ON SCHEMA public TO trial_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO trial_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO trial_web;
-- Entries are written by the triggers, which run with their owner's rights.
REVOKE INSERT, UPDATE, DELETE ON audit_entry, django_migrations FROM trial_web;
-- The sealer adds links and never changes one.
REVOKE UPDATE, DELETE ON audit_seal FROM trial_web;
COMMIT;
