"""What the hosts are like now: asked over SSH, in one round trip a host, without changing anything."""

from provision.probe.fleet import prepare, probe

__all__ = ["prepare", "probe"]
