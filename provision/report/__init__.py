"""Every screen and every document, a module a command, and the words, times and streams that they share.

A `document` is what `--json` prints; a `screen` is what people see. Nothing here decides or asks anybody.
"""
