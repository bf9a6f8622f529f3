"""Writing the treatment: actor first, one transaction, once per key.

Limits refuse orders, never facts. Every service that gives something takes `happened`:

* ``happened=False`` is an order: a hard limit raises RuleBroken; a soft one raises it too, unless
  ``override_reason`` says why, and then a deviation is recorded.
* ``happened=True`` is a fact: it is recorded at its true time whatever the limits say, with a deviation for
  every limit it passed.

Lowering a rate, pausing, stopping and holding a dose are never refused. A correction is of facts: it needs a
reason and the version that was opened, no limit refuses it, and what departs from the protocol is judged anew.
"""

from __future__ import annotations

from infusion.services.clonidine import correct_clonidine, record_clonidine
from infusion.services.corrections import correct_bag, correct_serum_sample, correct_side_effects, correct_vitals
from infusion.services.course import correct_end, correct_rate, correct_start, withdraw_end
from infusion.services.observations import record_serum_sample, record_side_effects, record_vitals
from infusion.services.rates import change_rate, hang_bag, pause_infusion, resume_infusion
from infusion.services.start_stop import start_infusion, stop_infusion
from infusion.services.verdicts import RuleBroken

__all__ = [
    "RuleBroken",
    "change_rate",
    "correct_bag",
    "correct_clonidine",
    "correct_end",
    "correct_rate",
    "correct_serum_sample",
    "correct_side_effects",
    "correct_start",
    "correct_vitals",
    "hang_bag",
    "pause_infusion",
    "record_clonidine",
    "record_serum_sample",
    "record_side_effects",
    "record_vitals",
    "resume_infusion",
    "start_infusion",
    "stop_infusion",
    "withdraw_end",
]
