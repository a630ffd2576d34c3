"""How long `provision up` takes on a converged fleet, beside what else could do the same work.

`scripts/bench` runs it; docs/benchmarks.md says what is measured and how. None of this is a test.
"""
