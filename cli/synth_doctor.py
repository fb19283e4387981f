"""``synth doctor``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=Path, default=Path("."), metavar="FOLDER", help="Where output would go.  [here]")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.pass_context
def doctor(ctx: click.Context, out: Path, as_json: bool) -> None:
    """Say what this machine has, what it lacks, and the exact mend.

    Exit codes: 0 `synth render` can run, 1 something it needs is missing.
    """
    from synth.doctor import BAD, diagnose

    checks = diagnose(out)
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        for check in checks:
            mend = f"  ->  {check.mend}" if check.mend else ""
            click.echo(f"{check.state:<8} {check.name:<24} {check.detail}{mend}")
    ctx.exit(1 if any(check.state == BAD for check in checks) else 0)
