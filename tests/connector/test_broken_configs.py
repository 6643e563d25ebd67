"""T12: broken configurations are refused with every mistake by its place, and no secret is shown."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import sqlalchemy as sa

from adapters.registry import open_port
from adapters.settings import ConnectionSettings
from adapters.tokens import MemoryTokenStore, Sealer
from connector.config import Config, ConfigError, load_config
from connector.config.section import Section
from connector.store.engine import create_engine
from connector.wiring import open_zixin, product

CANARY = "c4nary-s3cret"
KEY = base64.b64encode(bytes(range(32))).decode()
ZOHO = '[[connections]]\nname = "a"\nvendor = "zoho"\n'
ALERT = '[[alerts]]\nname = "a"\nurl = "env:X"\n'

#: A text and the places of its mistakes.
BROKEN: dict[str, tuple[str, set[str]]] = {
    "no text": (f"[company\nname = '{CANARY}'", {""}),
    "no value": ("company =", {""}),
    "twice": ("policy = 'a'\npolicy = 'b'", {""}),
    "a language": ("company.language = 'fr'", {"company.language"}),
    "a country of a number": ("company.country = 86", {"company.country"}),
    "a database elsewhere": (f"store.url = 'mysql://x:{CANARY}@db/x'", {"store.url"}),
    "a database of nothing": ("store.url = ''", {"store.url"}),
    "a key of a number": ("store.key = 7", {"store.key"}),
    "old keys that are none": ("store.old_keys = 'env:A'", {"store.old_keys"}),
    "a rate without a day": ("rates.per_unit = { USD = '7' }", {"rates.on"}),
    "a rate of a float": ("rates = { on = 2026-01-01, per_unit = { USD = 7.1 } }", {"rates.per_unit.USD"}),
    "a day that is none": ("rates.on = '2026-02-30'", {"rates.on"}),
    "a port beyond": ("server.port = 65536", {"server.port"}),
    "a port of words": ("server.port = 'http'", {"server.port"}),
    "proxies below": ("server.proxies = -1", {"server.proxies"}),
    "an open address": ("server.public_url = 'http://credit.example.com'", {"server.public_url"}),
    "an address without host": ("server.public_url = 'https://'", {"server.public_url"}),
    "an address with a password": (f"server.public_url = 'https://a:{CANARY}@b.example'", {"server.public_url"}),
    "a bound below": ("receiving.refused_per_minute = -1", {"receiving.refused_per_minute"}),
    "no rows": ("receiving.soft_rows = 0", {"receiving.soft_rows"}),
    "too much disk": ("receiving.disk_share = 1.5", {"receiving.disk_share"}),
    "an hour too late": ("schedule.assess_at = '24:00'", {"schedule.assess_at"}),
    "no minutes": ("schedule.pull_minutes = 0", {"schedule.pull_minutes"}),
    "quiet hours": ("quiet.hours = 'always'", {"quiet.hours"}),
    "tasks in quiet hours": ("quiet.hours = '20:00-12:00'", {"schedule.dunning_at"}),
    "repeated at once": ("alerting.repeat_hours = 0", {"alerting.repeat_hours"}),
    "an alert in clear": (f"[[alerts]]\nname = 'a'\nurl = 'json://{CANARY}'", {"alerts[0].url"}),
    "an alert of two words": (ALERT.replace('"a"', '"a b"'), {"alerts[0].name"}),
    "two alerts of a name": (ALERT * 2, {"alerts[1].name"}),
    "an alert of no level": (f"{ALERT}level = 'loud'", {"alerts[0].level"}),
    "metrics of a word": ("metrics.port = 'x'", {"metrics.port"}),
    "a person of no role": ("people.x = { role = 'king' }", {"people.x.role"}),
    "a connection without a name": ('[[connections]]\nvendor = "zoho"', {"connections[0].name"}),
    "a connection of nobody": ('[[connections]]\nname = "a"\nvendor = "sap"', {"connections[0].vendor"}),
    "two of a name": (ZOHO * 2, {"connections[1].name"}),
    "a path as a name": (ZOHO.replace('"a"', '"a/b"'), {"connections[0].name"}),
    "plain http": (f"{ZOHO}base_url = 'http://crm.example.com'", {"connections[0].base_url"}),
    "plain http for tokens": (f"{ZOHO}accounts_url = 'http://crm.example.com'", {"connections[0].accounts_url"}),
    "no http": (f"{ZOHO}base_url = 'ftp://crm.example.com'", {"connections[0].base_url"}),
    "a password in the address": (f"{ZOHO}base_url = 'https://a:{CANARY}@crm.example.com'", {"connections[0].base_url"}),
    "an inner host": (f"{ZOHO}base_url = 'https://10.0.0.1'", {"connections[0].base_url"}),
    "no budget": (f"{ZOHO}credits_per_day = 0", {"connections[0].credits_per_day"}),
    "all is kept": (f"{ZOHO}kept_for_writes = '2'", {"connections[0].kept_for_writes"}),
    "a sweep": (f"{ZOHO}sweep = 'hourly'", {"connections[0].sweep"}),
    "a secret that is a list": (f"{ZOHO}secrets = {{ client_id = ['{CANARY}'] }}", {"connections[0].secrets.client_id"}),
    "a mapping of a word": (f"{ZOHO}mapping = 'x'", {"connections[0].mapping"}),
    "several at once": ("server.port = -1\nquiet.hours = 'x'\nmetrics.port = 'x'", {"server.port", "quiet.hours", "metrics.port"}),
}  # fmt: skip


def sections(kind: type = Config, place: str = "", text: str = "") -> Iterator[tuple[str, str]]:
    """Tell each level of the file: its place, and what has to stand before its keys."""
    yield place, text
    for name, hint in get_type_hints(kind).items():
        inner = [each for each in (hint, *get_args(hint)) if isinstance(each, type)]
        (section,) = [each for each in inner if issubclass(each, Section)] or (None,)
        if section is None:
            continue
        if hint is section:
            yield from sections(section, f"{name}.", f"[{name}]\n")
        elif name == "people":
            yield "people.x.", '[people.x]\nrole = "committee"\n'
        else:
            yield f"{name}[0].", {"connections": ZOHO, "alerts": ALERT}[name]


def refusal(folder: Path, text: str) -> ConfigError:
    path = folder / "zixin.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert CANARY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_place(name: str, tmp_path: Path) -> None:
    text, places = BROKEN[name]

    assert {found.path for found in refusal(tmp_path, text).mistakes} == places


@pytest.mark.parametrize(("place", "text"), list(sections()))
def test_an_unknown_key_is_refused_at_every_level(place: str, text: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, f'{text}surprise = "{CANARY}"\n')

    assert [found.path for found in error.mistakes] == [f"{place}surprise"]


def test_there_are_sixty_and_more() -> None:
    levels = list(sections())

    assert len(levels) >= 14
    assert len(BROKEN) + len(levels) + len(VENDORS_OWN) + len(KEYS) >= 60


#: What a connection's mapping or options say wrong, and what is told of it.
VENDORS_OWN: dict[str, tuple[str, dict[str, Any], str]] = {
    "two credit fields on one": (
        "zoho",
        {"mapping": {"credit_fields": {"rating": "Credit_X", "limit": "Credit_X"}}},
        "credit_fields.rating and credit_fields.limit both name the field 'Credit_X'",
    ),
    "a credit field on what is read": (
        "zoho",
        {"mapping": {"accounts": {"uscc": "Tax_No"}, "credit_fields": {"limit": "Tax_No"}}},
        "accounts.uscc and credit_fields.limit both name the field 'Tax_No'",
    ),
    "two of the other CRM": (
        "fxiaoke",
        {"mapping": {"credit_fields": {"rating": "credit_limit__c"}}},
        "both name the field 'credit_limit__c'",
    ),
    "a mapping of what is not": ("zoho", {"mapping": {"bills": {}}}, "bills"),
    "a field that is not": ("zoho", {"mapping": {"accounts": {"colour": "X"}}}, "colour"),
    "an option that is not": ("zoho", {"options": {"fast": True}}, "fast"),
    "an option of the other CRM": ("fxiaoke", {"options": {"colour": "x"}}, "colour"),
    "a mapping of the other CRM": ("fxiaoke", {"mapping": {"accounts": {"colour": "X"}}}, "colour"),
    "a data centre": ("zoho", {"options": {"data_centre": "moon"}}, "data_centre"),
}


@pytest.mark.parametrize("name", VENDORS_OWN)
def test_a_vendor_s_own_part_is_refused_by_name(name: str) -> None:
    vendor, part, told = VENDORS_OWN[name]
    settings = ConnectionSettings(name="a", vendor=vendor, **part)

    with pytest.raises(ValueError, match="connection 'a'") as caught:
        open_port(settings, store=MemoryTokenStore(), sealer=Sealer(bytes(32)))

    assert told in str(caught.value)


#: The text of the key's file; ``None``: there is none.
KEYS: dict[str, tuple[str | None, str]] = {
    "missing": (None, "no_file"),
    "empty": ("", "not_a_key"),
    "short": (base64.b64encode(CANARY.encode()).decode(), "not_a_key"),
    "long": (base64.b64encode(bytes(64)).decode(), "not_a_key"),
    "no base64": (f"{CANARY}{'!' * 32}", "not_a_key"),
    "not ASCII": ("钥匙" * 16, "not_a_key"),
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "zixin.toml"
    path.write_text('[store]\nurl = "sqlite:///zixin.db"\n'.replace("///", f"///{tmp_path}/"))
    (tmp_path / "zixin.key").write_text(KEY)
    return path


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_is_none_is_refused_before_a_database_is_made(name: str, config: Path) -> None:
    text, code = KEYS[name]
    key = config.with_name("zixin.key")
    key.unlink()
    if text is not None:
        key.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        open_zixin(config, environment={})

    assert [(one.path, one.code) for one in caught.value.mistakes] == [("store.key", code)]
    assert not text or text not in str(caught.value)
    assert not config.with_name("zixin.db").exists()


def test_another_key_is_refused(config: Path) -> None:
    open_zixin(config, environment={}).engine.dispose()
    other = base64.b64encode(bytes(32)).decode()
    config.with_name("zixin.key").write_text(other)

    with pytest.raises(ConfigError) as caught:
        open_zixin(config, environment={})

    assert [one.code for one in caught.value.mistakes] == ["wrong_key"]
    assert other not in str(caught.value)


@pytest.mark.parametrize("part", ["DROP TABLE outbox", "ALTER TABLE accounts DROP COLUMN country"])
def test_a_half_made_schema_is_refused_and_leaves_nothing_open(
    part: str, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zixin = open_zixin(config, environment={})
    zixin.engine.dispose()
    engine = create_engine(zixin.config.store.url)
    with engine.begin() as conn:
        conn.exec_driver_sql(part)
    engine.dispose()

    opened: list[sa.Engine] = []

    def remembered(url: str) -> sa.Engine:
        opened.append(create_engine(url))
        return opened[-1]

    monkeypatch.setattr(product, "create_engine", remembered)
    with pytest.raises(ConfigError, match=r"outbox|country"):
        open_zixin(config, environment={})

    (one,) = opened
    assert isinstance(one.pool, sa.QueuePool)
    assert one.pool.checkedin() == 0
