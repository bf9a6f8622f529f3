"""The triggers of the locks for PostgreSQL. Pure text.

A write takes the states of its visit, its participant and the trial FOR SHARE, in that order, and keeps them until it
ends; who locks takes the state FOR UPDATE. So a write that is open while its visit is being locked is through before
the lock, and part of what is locked, or finds the lock and is refused.
"""

from __future__ import annotations

from trial.audit.postgresql import BEFORE, DELETE, INSERT, ROW, TRUNCATE, UPDATE, Trigger
from trial.locks.registry import LockedTable

STATES = ("locks_visitlock", "locks_participantlock", "locks_triallock")

_REFUSE_LOCKED = """
DECLARE
    before jsonb;
    after jsonb;
    was text;
    becomes text;
    key text;
    locked boolean;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW);
    END IF;
    was := before ->> TG_ARGV[0];
    becomes := CASE WHEN TG_OP <> 'INSERT' OR TG_ARGV[0] <> 'id' THEN after ->> TG_ARGV[0] END;
    FOREACH key IN ARRAY ARRAY[was, nullif(becomes, was)] LOOP
        CONTINUE WHEN key IS NULL;
        SELECT is_locked INTO locked FROM locks_visitlock WHERE visit_id = key::uuid FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'visit has no lock state; run manage.py migrate'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF locked THEN
            RAISE EXCEPTION 'locked: visit' USING ERRCODE = 'integrity_constraint_violation', DETAIL = key;
        END IF;
    END LOOP;
    was := before ->> TG_ARGV[1];
    becomes := CASE WHEN TG_OP <> 'INSERT' OR TG_ARGV[1] <> 'id' THEN after ->> TG_ARGV[1] END;
    FOREACH key IN ARRAY ARRAY[was, nullif(becomes, was)] LOOP
        CONTINUE WHEN key IS NULL;
        SELECT is_locked INTO locked FROM locks_participantlock WHERE participant_id = key::uuid FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'participant has no lock state; run manage.py migrate'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF locked THEN
            RAISE EXCEPTION 'locked: participant' USING ERRCODE = 'integrity_constraint_violation', DETAIL = key;
        END IF;
    END LOOP;
    SELECT is_locked INTO locked FROM locks_triallock WHERE id = 1 FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trial has no lock state; run manage.py migrate'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF locked THEN
        RAISE EXCEPTION 'locked: trial' USING ERRCODE = 'integrity_constraint_violation', DETAIL = '1';
    END IF;
    RETURN coalesce(NEW, OLD);
END
"""

_MAKE_STATE = """
BEGIN
    IF TG_ARGV[0] = 'visit' THEN
        INSERT INTO locks_visitlock (visit_id, is_locked) VALUES (NEW.id, false);
    ELSE
        INSERT INTO locks_participantlock (participant_id, is_locked) VALUES (NEW.id, false);
    END IF;
    RETURN NULL;
END
"""

_REMOVE_STATE = """
BEGIN
    IF TG_ARGV[0] = 'visit' THEN
        DELETE FROM locks_visitlock WHERE visit_id = OLD.id;
    ELSE
        DELETE FROM locks_participantlock WHERE participant_id = OLD.id;
    END IF;
    RETURN NULL;
END
"""

_GUARD_STATE = """
DECLARE
    was jsonb;
    becomes jsonb;
    own text := TG_ARGV[1];
    last locks_lockchange;
BEGIN
    IF TG_OP = 'DELETE' THEN
        was := to_jsonb(OLD);
        IF TG_ARGV[0] = 'visit'
            AND NOT EXISTS (SELECT 1 FROM participants_visit v WHERE v.id = (was ->> own)::uuid) THEN
            RETURN OLD;
        END IF;
        IF TG_ARGV[0] = 'participant'
            AND NOT EXISTS (SELECT 1 FROM participants_participant p WHERE p.id = (was ->> own)::uuid) THEN
            RETURN OLD;
        END IF;
    ELSE
        becomes := to_jsonb(NEW);
        was := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE becomes END;
        SELECT * INTO last FROM locks_lockchange c
            WHERE to_jsonb(c) ->> (TG_ARGV[0] || '_id') = becomes ->> own ORDER BY c.id DESC LIMIT 1;
        IF was ->> own = becomes ->> own AND NEW.change_id IS NOT DISTINCT FROM last.id
            AND NEW.is_locked = coalesce(last.is_locked, false) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% says what the last change of the % says: % refused.', TG_TABLE_NAME, TG_ARGV[0], TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
"""

_CHANGE_MADE = """
DECLARE
    locked boolean;
    present bigint;
BEGIN
    IF NEW.visit_id IS NOT NULL THEN
        SELECT is_locked, change_id INTO locked, present FROM locks_visitlock
            WHERE visit_id = NEW.visit_id FOR UPDATE;
    ELSIF NEW.participant_id IS NOT NULL THEN
        SELECT is_locked, change_id INTO locked, present FROM locks_participantlock
            WHERE participant_id = NEW.participant_id FOR UPDATE;
    ELSE
        SELECT is_locked, change_id INTO locked, present FROM locks_triallock WHERE id = NEW.trial_id FOR UPDATE;
    END IF;
    IF locked = NEW.is_locked THEN
        RAISE EXCEPTION 'locks_lockchange: it is so already; INSERT refused.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT NEW.is_locked AND NOT EXISTS (
        SELECT 1 FROM locks_unlockdecision d JOIN locks_unlockrequest r ON r.id = d.request_id
        WHERE d.id = NEW.decision_id AND d.is_allowed AND d.by_id = NEW.by_id AND r.by_id <> d.by_id
            AND r.visit_id IS NOT DISTINCT FROM NEW.visit_id
            AND r.participant_id IS NOT DISTINCT FROM NEW.participant_id
            AND r.trial_id IS NOT DISTINCT FROM NEW.trial_id
            AND r.lock_id = present
            AND EXISTS (SELECT 1 FROM signatures_signature s WHERE s.subject_table = 'locks.unlockrequest'
                AND s.subject_id = r.id::text AND s.signer_id = r.by_id)
            AND EXISTS (SELECT 1 FROM signatures_signature s WHERE s.subject_table = 'locks.unlockdecision'
                AND s.subject_id = d.id::text AND s.signer_id = d.by_id)
    ) THEN
        RAISE EXCEPTION 'locks_lockchange: unlocking takes two people, each with a signature; INSERT refused.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
"""

_CHANGE_FOLLOWED = """
BEGIN
    UPDATE locks_visitlock SET is_locked = NEW.is_locked, change_id = NEW.id WHERE visit_id = NEW.visit_id;
    UPDATE locks_participantlock SET is_locked = NEW.is_locked, change_id = NEW.id
        WHERE participant_id = NEW.participant_id;
    UPDATE locks_triallock SET is_locked = NEW.is_locked, change_id = NEW.id WHERE id = NEW.trial_id;
    RETURN NULL;
END
"""

_REFUSE = """
BEGIN
    RAISE EXCEPTION '%: % refused.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
"""

FUNCTIONS = {
    "locks_refuse_locked": _REFUSE_LOCKED,
    "locks_make_state": _MAKE_STATE,
    "locks_remove_state": _REMOVE_STATE,
    "locks_guard_state": _GUARD_STATE,
    "locks_change_made": _CHANGE_MADE,
    "locks_change_followed": _CHANGE_FOLLOWED,
    "locks_refuse": _REFUSE,
}


def refusal(table: LockedTable) -> Trigger:
    """The trigger that refuses a write to a locked row of a table."""
    kind = ROW | BEFORE | INSERT | UPDATE | DELETE
    return Trigger("locks_refuse", table.name, "locks_refuse_locked", kind, (table.visit, table.participant))


GUARDS = [
    *(
        trigger
        for kind in ("visit", "participant")
        for trigger in (
            Trigger("locks_made", f"participants_{kind}", "locks_make_state", ROW | INSERT, (kind,)),
            Trigger("locks_removed", f"participants_{kind}", "locks_remove_state", ROW | DELETE, (kind,)),
        )
    ),
    *(
        Trigger("locks_guard", table, "locks_guard_state", ROW | BEFORE | INSERT | UPDATE | DELETE, (kind, own))
        for table, kind, own in zip(
            STATES, ("visit", "participant", "trial"), ("visit_id", "participant_id", "id"), strict=True
        )
    ),
    *(Trigger("locks_no_truncate", table, "locks_refuse", BEFORE | TRUNCATE) for table in STATES),
    Trigger("locks_made", "locks_lockchange", "locks_change_made", ROW | BEFORE | INSERT),
    Trigger("locks_followed", "locks_lockchange", "locks_change_followed", ROW | INSERT),
]
