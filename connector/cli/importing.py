"""``zixin import``: the credit file from tables, and from credit bureaux."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    chosen_texts,
    end,
    opened,
)
from connector.flow.importing.columns import ImportKind
from connector.flow.importing.run import ImportJob, ImportReport, import_file
from connector.flow.importing.templates import write_template
from connector.flow.providers import ProviderError, import_from, provider_names
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import job_of

__all__ = ["add_commands"]

ByOption = Annotated[str, typer.Option("--by", help="Who imports; kept in the audit log.")]
StrictFlag = Annotated[bool, typer.Option(help="Import nothing when any row has a mistake.")]
DryFlag = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; keep nothing.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="Fill the credit file (资信档案) from files.", no_args_is_help=True)
    for kind in ImportKind:
        group.command(kind.value, help=f"Import {kind.value} from CSV or XLSX.")(_importer(kind))
    group.command("template")(template_command)
    group.command("bureau")(bureau_command)
    app.add_typer(group, name="import")


def _importer(kind: ImportKind):  # type: ignore[no-untyped-def] # noqa: ANN202 typer reads it
    def command(
        file: Annotated[
            Path, typer.Argument(help="A CSV or XLSX file; see: zixin import template.")
        ],
        by: ByOption,
        config: ConfigOption = DEFAULT_CONFIG,
        *,
        strict: StrictFlag = False,
        dry_run: DryFlag = False,
        as_json: JsonFlag = False,
    ) -> None:
        with opened(config) as zixin:
            report = import_file(_job(zixin, by, strict=strict, dry_run=dry_run), kind, file)
            texts = zixin.company_texts
        _show(report, texts, as_json=as_json)

    return command


def _job(zixin: Zixin, by: str, *, strict: bool, dry_run: bool) -> ImportJob:
    if not by.strip():
        end(ExitCode.WRONG_USE, "--by is empty: say who imports")
    return ImportJob(
        engine=zixin.engine,
        policy=zixin.policy,
        rates=job_of(zixin).rules.rates,
        now=zixin.clock.now(),
        today=zixin.clock.today(),
        by=by.strip(),
        strict=strict,
        dry_run=dry_run,
    )


def _show(report: ImportReport, texts: Texts, *, as_json: bool) -> None:
    rows = [
        (str(each.row), each.column, texts.say(each.code, **each.params))
        for each in report.mistakes
    ]
    if as_json:
        mistakes = [
            {"row": each.row, "column": each.column, "code": each.code, "text": text}
            for each, (_row, _column, text) in zip(report.mistakes, rows, strict=True)
        ]
        names = ("kind", "file", "rows", "imported", "unchanged", "refused", "companies", "dry_run")
        print_json({name: getattr(report, name) for name in names} | {"mistakes": mistakes})
    else:
        if rows:
            columns = tuple(
                texts.say(f"import.col.{name}") for name in ("row", "column", "mistake")
            )
            print_table(columns, rows, title=report.file)
        code = "import.would" if report.dry_run else "import.done"
        counts = {
            name: getattr(report, name) for name in ("rows", "imported", "unchanged", "refused")
        }
        say(texts.say(code, **counts))
    if report.mistakes:
        end(ExitCode.PARKED)


def template_command(
    kind: Annotated[ImportKind, typer.Argument(help="What the file shall hold.")],
    out: Annotated[Path, typer.Option("--out", help="An .xlsx or .csv file to write.")],
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
) -> None:
    """Write an empty table with the columns that an import understands."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
    if out.suffix.lower() not in {".xlsx", ".csv"}:
        end(ExitCode.WRONG_USE, f"--out {out.name!r} must end in .xlsx or .csv")
    write_template(kind, out, texts)
    say(f"{out}: {texts.say('import.template')}")


def bureau_command(
    provider: Annotated[str, typer.Argument(help="The provider's name; file is built in.")],
    by: ByOption,
    ref: Annotated[str | None, typer.Argument(help="One company; all by default.")] = None,
    source: Annotated[
        Path, typer.Option("--from", help="Folder or file of a file provider.")
    ] = Path(),
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    dry_run: DryFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch bureau reports (征信报告) from a provider and keep what they say."""
    if provider not in provider_names():
        names = ", ".join(provider_names())
        end(ExitCode.WRONG_USE, f"there is no provider {provider!r}; installed are: {names}")
    with opened(config) as zixin:
        job = _job(zixin, by, strict=False, dry_run=dry_run)
        try:
            report = import_from(job, provider, source, ref)
        except ProviderError as error:
            end(ExitCode.WRONG_USE, str(error))
    if as_json:
        print_json(report)
    else:
        say(
            f"{report.companies} companies asked about, {report.found} reports, "
            f"{report.imported} new facts, {report.unchanged} known already"
        )
