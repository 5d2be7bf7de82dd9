"""Which events count as lately? Those of the last days of a table: the clock of the log, not of this machine."""

from ringfence.model.faults import Fault

DAYS = 30


def lately(table: str, days: int) -> str:
    """SQL for the rows of an event table from the last `days` before its last row.

    Raises Fault unless there is at least one day.
    """
    if days < 1:
        raise Fault(f"{days} is no number of days", where="days", mend="give 1 or more")
    return f'(FROM {table} WHERE "at" > (SELECT max("at") FROM {table}) - to_days({int(days)}))'
