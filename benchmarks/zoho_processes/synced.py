"""Does what ``zixin run`` does, once, from the folder and into the database it is told.

Usage: ``python -m benchmarks.zoho_processes.synced [DATABASE_URL]``, the target on standard input.
"""

import base64
import json
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.trade import AS_OF
from benchmarks.zoho_processes.reading import Reading, Target, answer, measured, target
from connector.flow.run import RunReport, RunWish, run_once
from connector.wiring.jobs import job_of
from connector.wiring.product import open_zixin

__all__: list[str] = []

_SECRETS = ("client_id", "client_secret", "refresh_token")


def main() -> None:
    """Open the product, run once, and report what that took and what was done."""
    told = target()
    config = _configured(told, sys.argv[1] if sys.argv[1:] else "sqlite:///zixin.db")
    zixin = open_zixin(config, environment=told.credentials)
    reports: list[RunReport] = []
    ended: dict[str, float] = {}

    def step(what: str, _whom: str, _done: int, _total: int | None) -> None:
        ended[what] = round(perf_counter() - began, 1)
        ended[f"{what} (processor)"] = round(process_time() - began_cpu, 1)
        ended[f"{what} (peak MB)"] = round(_peak_mb())

    job = job_of(zixin)
    began, began_cpu = perf_counter(), process_time()
    cpu, wall = measured(lambda: reports.append(run_once(job, RunWish(as_of=AS_OF), step=step)))
    zixin.engine.dispose()
    [connection] = reports[0].connections.values()
    if connection.error or connection.parked:
        raise RuntimeError(f"{connection.error or connection.parked} stands in the way")
    answer(
        Reading(
            cpu_seconds=cpu,
            seconds=wall,
            records=sum(connection.pulled.values()),
            fingerprint="",
            calls=connection.api_calls,
            credits=connection.api_credits,
            peak_mb=_peak_mb(),
            written=connection.fields_written,
            tasks=connection.tasks_created,
            ended=ended,
        )
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _configured(told: Target, url: str) -> Path:
    """Write the configuration and a key, once."""
    folder = Path(told.folder)
    secrets = ", ".join(f'{name} = "env:{name}"' for name in _SECRETS)
    (folder / "zixin.key").write_text(base64.b64encode(bytes(32)).decode())
    config = folder / "zixin.toml"
    config.write_text(
        f"[store]\nurl = {json.dumps(url)}\n"
        f'[[connections]]\nname = "zoho"\nvendor = "zoho"\n'
        f"base_url = {json.dumps(told.url)}\naccounts_url = {json.dumps(told.url)}\n"
        f"secrets = {{ {secrets} }}\n"
    )
    return config


if __name__ == "__main__":
    main()
