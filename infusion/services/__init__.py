"""Writing the treatment: actor first, one transaction, once per key.

Limits refuse orders, never facts. Every service that gives something takes `happened`:

* ``happened=False`` is an order: a hard limit raises RuleBroken; a soft one raises it too, unless
  ``override_reason`` says why, and then a deviation is recorded.
* ``happened=True`` is a fact: it is recorded at its true time whatever the limits say, with a deviation for
  every limit it passed.

Lowering a rate, pausing, stopping and holding a dose are never refused.
"""

from __future__ import annotations

from infusion.services.clonidine import record_clonidine
from infusion.services.observations import record_serum_sample, record_side_effects, record_vitals
from infusion.services.rates import change_rate, hang_bag, pause_infusion, resume_infusion
from infusion.services.start_stop import correct_end, start_infusion, stop_infusion
from infusion.services.verdicts import RuleBroken

__all__ = [
    "RuleBroken",
    "change_rate",
    "correct_end",
    "hang_bag",
    "pause_infusion",
    "record_clonidine",
    "record_serum_sample",
    "record_side_effects",
    "record_vitals",
    "resume_infusion",
    "start_infusion",
    "stop_infusion",
]
