"""One run of `up`, from its beginning in the journal to its end: apply, prove, record."""

from dataclasses import replace

from provision.errors import INTERRUPTED
from provision.journal import open_journal
from provision.model.run import Run
from provision.up.apply import InterruptedRunError, apply
from provision.up.effects import Effects
from provision.up.proof import prove
from provision.up.settle import settle
from provision.up.survey import Survey
from provision.up.watcher import Watcher


def run(found: Survey, effects: Effects, watcher: Watcher, *, verify: bool) -> Run:
    """Run what the plan selects, `verify` what that changed, and return what became of every host.

    Where nothing is selected, no host is touched. The journal has the run however it ends. Raises
    InterruptedRunError for Ctrl-C during the playbook, RefusedError while another run has the journal.
    """
    with open_journal(found.fleet.inventory) as journal:
        run_id = journal.begin("up", found.fleet.inventory, found.fleet.limit)
        done = Run(run_id, settle(found.plan, found.probes))
        try:
            if found.plan.selection:
                done = replace(done, hosts=apply(found, journal.directory(run_id), effects, watcher))
            if verify:
                done = replace(done, hosts=prove(found.fleet, done.hosts, effects, watcher))
        except KeyboardInterrupt as interrupt:
            if isinstance(interrupt, InterruptedRunError):
                done = replace(done, hosts=interrupt.hosts)
            journal.end(done, INTERRUPTED)
            raise
        journal.end(done, done.exit_code)
    return done
