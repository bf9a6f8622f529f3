"""The general wording of the grades of CTCAE version 5.0 (US National Cancer Institute, 2017; public domain). Pure.

ADL are activities of daily living: instrumental ones are cooking, shopping, telephoning, managing money; self-care
ones are washing, dressing, eating, using the toilet, taking medicines.
"""

from __future__ import annotations

GRADES: dict[int, str] = {
    1: "Mild; asymptomatic or mild symptoms; clinical or diagnostic observations only; intervention not indicated.",
    2: "Moderate; minimal, local or noninvasive intervention indicated; limiting age-appropriate instrumental ADL.",
    3: "Severe or medically significant but not immediately life-threatening; hospitalization or prolongation of "
    "hospitalization indicated; disabling; limiting self care ADL.",
    4: "Life-threatening consequences; urgent intervention indicated.",
    5: "Death related to the adverse event.",
}
