"""One file a kind of resource that a role can answer for.

Each says in its docstring what a role names (`wanted`) and what is measured of it, the `state` that a receipt keeps,
and has two functions:

- `measure(machine, wanted)` returns the state, which is JSON. What is not there is measured too, as None or the like:
  it is a difference to tell, not an error.
- `compare(before, now)` yields the differences of two states that are not equal, as (subject, sentence).

`receipts.resources` has the table of them.
"""
