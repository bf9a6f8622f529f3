"""Pure judgements: schedule, eligibility and deviations, answered with verdicts.

No clock, database or file is read here; every threshold comes from the Protocol given.
"""
