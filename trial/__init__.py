"""The trial's core: protocol, rules, permissions, audit, users, jobs, records, participants, safety."""
