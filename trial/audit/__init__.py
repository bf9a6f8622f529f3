"""The audit trail: who changed which row, when and why, written by the database itself."""
