"""The machine: files and programs, units, what the distribution is. The other rooms stand on it."""
