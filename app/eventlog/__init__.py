"""Logs of events that travel between machines, so that what was taught to one is known to the other.

A log is JSON Lines: a header, then sources, items and events. Events name items and sources as every machine does,
by kind and native id; items go along, so that the other machine knows what was liked though it never fetched it.
Taking a log in is commutative, associative and idempotent: any order, any number of times, the same archive.
"""
