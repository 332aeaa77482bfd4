"""`opsdb cost`: what a stage would cost a month, from what is committed here. Asks nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from local import terminal
from local.options import as_json
from opsdb_deploy.cost import Line, estimate, total
from opsdb_deploy.cost_deployment import Deployment, ParameterError, deployment
from opsdb_deploy.cost_load import Load
from opsdb_deploy.cost_prices import COMMITTED, PriceError, Prices, read
from opsdb_deploy.cost_seed import Compared, compared
from opsdb_deploy.generate import STAGES, application


def _parameters(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    wrong = [one for one in given if "=" not in one]
    if wrong:
        raise click.BadParameter(f"must be Name=Value; got {', '.join(wrong)}")
    return dict(one.split("=", 1) for one in given)


@click.command()
@click.option("--stage", type=click.Choice(STAGES), required=True, help="Whose committed parameters.")
@click.option("--requests", type=click.IntRange(0), help=f"A month.  [default: {Load.requests:,}]")
@click.option("--uploads", type=click.IntRange(0), help=f"Sheets a week.  [default: {Load.uploads}]")
@click.option("--people", type=click.IntRange(1), help=f"On the floor.  [default: {Load.people:,}]")
@click.option("--prices", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Other unit prices.")
@click.option("--set", "given", multiple=True, callback=_parameters, metavar="NAME=VALUE", help="Another parameter.")
@click.option("--compare", is_flag=True, help="Beside the first estimate, with why they differ.")
@as_json
def cost(
    stage: str,
    requests: int | None,
    uploads: int | None,
    people: int | None,
    prices: Path | None,
    given: dict[str, str],
    compare: bool,
    as_json: bool,
) -> None:
    """Estimate what a stage costs a month.

    From the committed parameters, the templates and an expected load. "after" is the price with nothing free;
    "free tier" is that of an account in its first twelve months with nothing else in it. Unit prices are in a dated
    file, which --prices replaces.

    \b
    Examples:
      opsdb cost --stage prod --people 3000 --requests 2000000
      opsdb cost --stage dev --set InstanceClass=db.t4g.small --set Vpn=static --compare
    """
    expected = {"requests": requests, "uploads": uploads, "people": people}
    load = Load(**{name: value for name, value in expected.items() if value is not None})
    try:
        listed = read(prices or COMMITTED)
        made = deployment(application(stage), stage, given)
        lines = estimate(made, load, listed)
    except (ParameterError, PriceError) as error:
        raise click.UsageError(str(error)) from None
    beside = compared(lines, made) if compare else []
    said = [*_beside(beside)] if compare else [*_lines(lines), "", *_assumptions(load, listed)]
    terminal.answer(as_json, _facts(made, load, listed, lines, beside), *said)


def _facts(
    made: Deployment, load: Load, listed: Prices, lines: Sequence[Line], beside: Sequence[Compared]
) -> dict[str, Any]:
    free, after = total(list(lines))
    return {
        "stage": made.stage,
        "usd_free_tier": round(free, 2),
        "usd_after": round(after, 2),
        "prices": {"as_of": listed.as_of, "region": listed.region, "source": listed.source, "file": listed.file},
        "load": load.told(),
        "lines": [asdict(one) for one in lines],
        **({"compared": [asdict(one) for one in beside]} if beside else {}),
    }


def _lines(lines: Sequence[Line]) -> list[str]:
    head = ("item", "quantity", "unit", "unit USD", "free tier", "after", "depends on")
    free, after = total(list(lines))
    rows = [(*_amounts(one), f"{one.usd_free:.2f}", f"{one.usd:.2f}", one.depends) for one in lines]
    return terminal.table(head, [*rows, ("Total", "", "", "", f"{free:.2f}", f"{after:.2f}", "")])


def _amounts(one: Line) -> tuple[str, str, str, str]:
    digits = 0 if one.quantity >= 100 or one.quantity == round(one.quantity) else 2
    return one.item, f"{one.quantity:,.{digits}f}", one.unit, f"{one.unit_usd:.10f}".rstrip("0").rstrip(".")


def _assumptions(load: Load, listed: Prices) -> Iterator[str]:
    yield f"USD a month, {listed.region}, prices of {listed.as_of} ({listed.file}: {listed.source})."
    yield "Assumed: " + "; ".join(f"{value:,} {meaning}" for meaning, value in load.told().items()) + "."


def _beside(beside: Sequence[Compared]) -> Iterator[str]:
    head = ("component", "then: free", "then: after", "now: free", "now: after")
    rows = [(one.component, one.free_then, one.after_then, f"{one.usd_free:.2f}", f"{one.usd:.2f}") for one in beside]
    yield from terminal.table(head, rows)
    yield ""
    yield from (f"{one.component}: {one.why}" for one in beside)
