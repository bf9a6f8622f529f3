"""Pure judgement about safety: contradictions of an event, its clocks, the roster's gaps, the steps of escalation."""
