"""The statistics of the trial: arrays or frames in, frozen result dataclasses out.

Nothing here touches the database, the clock or the web. Results carry floats at full
precision; `rounding` turns them into printed text. Refusals are `StatsError`.
"""
