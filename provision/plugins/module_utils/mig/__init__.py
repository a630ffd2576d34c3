"""Multi-Instance GPU: layouts, where they fit, what changing to one takes, and how they come back at boot."""
