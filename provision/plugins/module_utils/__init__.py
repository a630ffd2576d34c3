"""What runs on hosts: Python 3.8 and its standard library alone, found by relative imports, packed by `bundle`.

Rooms import one way, each from those before it: host, packages, containers, gpus, mig, receipts, asking.
"""
