"""Values, a module a subject: the fleet as declared, the hosts as observed, the plan, the run. No I/O."""
