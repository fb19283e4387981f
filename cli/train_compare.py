"""``train compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options
from cli.train_run import OUT, base_options, base_values, check_early, run_options, stage_settings

PROTOCOL_NAMES = ("cross", "within", "ablation", "all")
SKIP = ("fold", "narrow")
"""Settings that the protocols set."""


@click.command()
@click.option("--protocol", type=click.Choice(PROTOCOL_NAMES), default="cross", show_default=True,
              help="cross: tables 3 to 5; within: table 2; ablation: table 6, PM2 with nine pairs (α, β).")  # fmt: skip
@click.option("--methods", default="all", show_default=True, help="Methods, separated by commas, or all.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Number of seeds, from --seed up.")
@click.option("--base-models", metavar="NAMES", help="Other base models of table 3: drml,jaanet,resnet18 or none.  "
              "[all three; none on the stand-ins, which the table says]")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Runs at the same time.  [one per core; 1 on CUDA]")
@click.option("--tables", type=Path, metavar="FOLDER", help="Folder of tables and figures.  [OUT/tables/NAME]")
@setting_options(skip=SKIP)
@base_options(init=False)
@run_options
def compare(protocol: str, methods: str, seeds: int, base_models: str | None, jobs: int | None, tables: Path | None,
            **options: Any) -> None:  # fmt: skip
    """Run the paper's protocols and write its tables 2 to 6 and figures 7 and 10.

    Tables come as Markdown, CSV and LaTeX with 95 % intervals over subjects and seeds; what the paper prints stands in
    columns of its own, marked so. The runs lie in --out (out/study): finished ones are kept, stage A is shared by all
    methods and targets of a seed, and another protocol or more seeds add only what is missing. --target keeps one
    cross-domain direction. GFT within itself needs its partition: from its shards, or --partition FILE.
    """
    from assets.errors import InputError
    from cli.train_progress import reporter
    from train.methods.registry import METHODS
    from train.report.layout import to_markdown
    from train.report.plan import Study
    from train.report.protocols import BASE_MODELS, protocols_named
    from train.report.study import compare as run_study
    from train.report.study import unknown_names

    values = given(options, options["config"])
    check_early(values, options)
    chosen = tuple(METHODS) if methods == "all" else _split(methods)
    if problems := unknown_names(chosen, () if base_models in (None, "none") else _split(base_models)):
        raise InputError(problems)
    target = Path(values.get("target", "")).name
    named, folders, standin = _corpora(protocols_named(protocol), values, options)
    adapt = stage_settings("adapt", values, standin)
    base = stage_settings("base", base_values(values, options), standin)
    models = base_models if base_models is not None else ("none" if standin else ",".join(BASE_MODELS))
    out = options["out"] or OUT.with_name("study")
    label = "-".join(filter(None, [protocol, target, f"{seeds}-seeds"]))
    study = Study(
        named, chosen, tuple(range(adapt.seed, adapt.seed + seeds)),
        folders, () if models == "none" else _split(models), _quiet(base, standin), _quiet(adapt, standin),
        values.get("partition") or ("deal" if standin else "shards"), out, tables or out / "tables" / label,
        jobs or _at_once(base),
    )  # fmt: skip
    with reporter() as shown:
        made = run_study(study, shown)
    for table in made:
        click.echo(to_markdown(table))
    click.echo(f"runs in {out}; tables and figures in {study.tables}")


def _split(names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def _at_once(settings: Any) -> int:
    """Return how many runs go at the same time: one per core on a CPU, one on a GPU or with several devices."""
    from synth.doctor import usable_cores
    from train.loop.fabric import on_cuda

    return 1 if on_cuda(settings) or settings.devices * settings.nodes > 1 else usable_cores()


def _quiet(settings: Any, standin: bool) -> Any:
    """Return the settings of a run inside a study: no loader processes beside it on a CPU."""
    from dataclasses import replace

    return replace(settings, workers=0) if standin and settings.workers < 0 else settings


def _corpora(protocols: tuple, values: dict[str, Any], options: dict[str, Any]) -> tuple[tuple, dict[str, str], bool]:
    """Find the corpora of the protocols → (protocols on them, folder by name, whether they are stand-ins)."""
    from assets.corpora import STANDIN_PREFIX, corpus_named
    from assets.errors import InputError
    from train.report.protocols import SOURCE, corpora_of, directed

    source, target = values.pop("source", ""), values.pop("target", "")
    if source or values.get("data_root"):
        from train.data.assemble import corpus_label

        root = values.get("data_root", "")
        named = {corpus_label(folder, root, option): folder
                 for folder, option in ((source, "--source"), (target, "--target")) if folder}  # fmt: skip
        if len(named) < bool(source) + bool(target) and any(one.pairs for one in protocols):
            raise InputError.one("source and target are the same corpus", "--target", "pass another target")
        labels = {folder: label for label, folder in named.items()}
        here, there = labels.get(source, SOURCE), labels.get(target, "")
        fitted = tuple(directed(one, here, there) for one in protocols)
        return fitted, {name: named.get(name, name) for name in corpora_of(fitted)}, False
    if target and Path(target).exists():
        mend = "pass --source with a run of `synth render`"
        raise InputError.one("a target folder is given, but no source", "--target", mend)
    from cli.train_standin import STANDIN_ROOT, standin_folder

    fitted = tuple(directed(one, SOURCE, corpus_named(target, "--target").name if target else "") for one in protocols)
    click.echo("No source is configured: the built-in stand-in corpora are used (simulated; no real face is in them).")
    size = options["standin_subjects"], options["standin_frames"]
    folders = {
        name: standin_folder(STANDIN_ROOT, STANDIN_PREFIX + name, name == SOURCE, *size) for name in corpora_of(fitted)
    }
    return fitted, folders, True
