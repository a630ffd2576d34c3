"""What ends a benchmark: a run that did not do what it was to be measured for."""


class BenchError(Exception):
    """A run that failed, or changed something where nothing was to be changed; the message has the evidence."""
