"""What the reader has seen, read and liked, looked back upon: history, statistics, exposure. Pure functions of values.

Days, weeks and hours are those of the reader's own time zone, on the clock that hung there at the time.
"""
