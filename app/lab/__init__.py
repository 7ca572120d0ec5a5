"""Experiments on carriers: simulated readers, measures, runs that can be resumed, a report."""
