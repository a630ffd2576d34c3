"""`provision compat`: which driver, CUDA and GPU fit together, and the row that says so."""

from datetime import date

import click

from provision.cli import options
from provision.errors import RefusedError


@click.command(name="compat")
@click.option("--gpu", metavar="NAME|PCI", help="A GPU: `H100`, `A100 SXM4 40GB` or `10de:2330`.")
@click.option("--driver", metavar="VERSION", help="A driver: a branch, `580`, or a version, `580.95.05`.")
@click.option("--cuda", metavar="VERSION", help="A CUDA toolkit: `12.8`.")
@options.as_json
def command(gpu: str | None, driver: str | None, cuda: str | None, as_json: bool) -> None:
    """Answer which driver, CUDA and GPU fit together, with the row of data that decided and its source.

    Changes nothing and asks no host. Without options it lists the driver branches. Ends with 3 when the
    combination asked for is not supported, with 2 for a GPU, driver or toolkit that nobody knows.

    \b
    provision compat --gpu B200
    provision compat --gpu V100 --driver 595
    provision compat --driver 580 --cuda 13.0
    """
    from provision import compat
    from provision.compat import load_matrix
    from provision.report import compat as report
    from provision.report import console, documents

    if gpu is None and driver is None and cuda is None:
        if as_json:
            click.echo(documents.dump(report.branches_document(load_matrix())))
        else:
            console.data().print(report.branches(load_matrix(), date.today()))
        return
    found = compat.answer(gpu, driver, cuda)
    if as_json:
        click.echo(documents.dump(report.document(found)))
    else:
        console.data().print(report.screen(found))
    if found.refusal is not None:
        raise RefusedError(found.refusal.text, hint=found.refusal.hint)
