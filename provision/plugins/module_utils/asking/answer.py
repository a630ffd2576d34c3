"""How a probe's answer is marked, for the host that writes it and the controller that reads it."""

SCHEMA = 1

BEGIN = "provision-probe-begin"
END = "provision-probe-end"
