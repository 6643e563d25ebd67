"""Credit fields are written, judged one by one, and read back; nothing else is touched."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from adapters.errors import RecordInvalid, RecordNotFound, Refused, Transient
from adapters.port import CreditField, CrmPort, FieldValue, Receipt, WriteEffect, field_text
from scoring.records import Account, Kind
from tests.contract.bench import Bench
from tests.contract.crm_port.asking import an_update, receipt_of

#: What an account's record may change in by a write of ours: our fields, and the CRM's own stamps.
_STAMPS = frozenset(
    {"Modified_Time", "Modified_By", "Last_Activity_Time", "last_modified_time", "version"}
) | {"last_modified_by", "last_modified_by__r", "last_modified_by__l", "Tag"}


class TestValues:
    """What is written is what is read, in our own types."""

    def test_an_update_and_a_read_agree(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        values: dict[str, FieldValue] = {
            "rating": "AA",
            "score": Decimal("81.5"),
            "limit": Decimal("12345678901.25"),
            "limit_valid_to": date(2027, 6, 30),
            "utilisation": Decimal(999),
            "oldest_days": 0,
            "hold": "stop",
            "watch_level": "high",
            "outlook": "down",
            "reasons": "− 逾期 32 天\n+ 老客户 😀",
            "summary": "可赊销 'O''Neil' <b>",
            "currency": "CNY",
        }

        (outcome,) = port.update_fields([an_update(account, **values)])

        receipt = receipt_of(outcome)
        assert (receipt.effect, receipt.record_id) == (WriteEffect.WRITTEN, account)
        stored = port.owned_values([account])[account]
        assert {name: stored[CreditField(name)] for name in values} == values

    @pytest.mark.parametrize(
        "amount", ["9999999999999.99", "-12345.67", "0", "0.01", "-0.01", "1000000"]
    )
    def test_an_amount_is_kept_to_the_cent(self, bench: Bench, port: CrmPort, amount: str) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, available=Decimal(amount))])

        stored = port.owned_values([account])[account][CreditField.AVAILABLE]

        assert stored == Decimal(amount)
        assert not isinstance(stored, float)

    @pytest.mark.parametrize("day", ["1970-01-01", "2024-02-29", "2026-12-31", "2099-12-31"])
    def test_a_date_stays_its_day(self, bench: Bench, port: CrmPort, day: str) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, next_review_on=date.fromisoformat(day))])

        stored = port.owned_values([account])[account]

        assert stored[CreditField.NEXT_REVIEW_ON] == date.fromisoformat(day)

    @pytest.mark.parametrize("hours", [-11, 0, 8, 13])
    def test_a_moment_is_the_same_in_every_zone(
        self, bench: Bench, port: CrmPort, hours: int
    ) -> None:
        account = bench.add_account()
        at = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=hours)))
        port.update_fields([an_update(account, computed_at=at)])

        stored = port.owned_values([account])[account][CreditField.COMPUTED_AT]

        assert field_text(stored) == field_text(at)
        assert isinstance(stored, datetime)
        assert stored.tzinfo is UTC

    def test_a_value_is_cleared(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, rating="AA", limit=Decimal(5), reasons="x")])
        port.update_fields([an_update(account, rating=None, limit=None, reasons=None)])

        stored = port.owned_values([account])[account]

        assert stored[CreditField.RATING] is None
        assert stored[CreditField.LIMIT] is None
        assert stored[CreditField.REASONS] in {None, ""}

    def test_what_was_never_written_is_none(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()

        stored = port.owned_values([account])[account]

        assert set(stored) == set(CreditField)
        assert set(map(field_text, stored.values())) == {""}

    def test_zero_is_not_none(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, limit=Decimal(0), oldest_days=0)])

        stored = port.owned_values([account])[account]

        assert (stored[CreditField.LIMIT], stored[CreditField.OLDEST_DAYS]) == (0, 0)

    def test_an_empty_text_reads_like_none(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, reasons="x", summary="y")])
        port.update_fields([an_update(account, reasons="", summary="")])

        stored = port.owned_values([account])[account]

        assert field_text(stored[CreditField.REASONS]) == ""
        assert field_text(stored[CreditField.SUMMARY]) == ""

    def test_a_long_text_of_many_tongues_comes_whole(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        text = "信用 кредит ائتمان 😀 e\u0301\n" * 70
        port.update_fields([an_update(account, reasons=text.strip())])

        stored = port.owned_values([account])[account]

        assert stored[CreditField.REASONS] == text.strip()

    def test_what_a_person_wrote_is_told_as_it_stands(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, rating="A")])
        bench.put(Kind.ACCOUNTS, {bench.vendor.rating: "D"}, account)

        assert port.owned_values([account])[account][CreditField.RATING] == "D"


class TestUpdating:
    """Only the named fields of the named accounts change."""

    def test_writing_twice_changes_nothing(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account)])
        before = port.owned_values([account])
        port.update_fields([an_update(account)])

        assert port.owned_values([account]) == before

    def test_fields_that_are_not_named_keep_their_value(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, rating="AA", summary="gut", limit=Decimal(7))])
        port.update_fields([an_update(account, rating="B")])

        stored = port.owned_values([account])[account]

        assert stored[CreditField.RATING] == "B"
        assert stored[CreditField.SUMMARY] == "gut"
        assert stored[CreditField.LIMIT] == 7

    def test_what_people_keep_is_not_touched(self, bench: Bench, port: CrmPort) -> None:
        account, other = bench.add_account(), bench.add_account()
        bench.put(Kind.ACCOUNTS, {bench.vendor.country: "中国"}, account)
        before, untouched = bench.account(account), bench.account(other)

        port.update_fields([an_update(account, rating="A", limit=Decimal(5))])

        after = bench.account(account)
        changed = {name for name in after if after[name] != before.get(name)} - _STAMPS
        assert changed
        assert all("redit" in name for name in changed), changed
        assert bench.account(other) == untouched

    def test_the_later_of_two_updates_of_one_account_counts(
        self, bench: Bench, port: CrmPort
    ) -> None:
        account = bench.add_account()
        updates = [an_update(account, rating="A"), an_update(account, summary="x")]

        outcomes = port.update_fields([*updates, an_update(account, rating="B")])

        assert [receipt_of(each).record_id for each in outcomes] == [account] * 3
        stored = port.owned_values([account])[account]
        assert stored[CreditField.SUMMARY] == "x"
        assert stored[CreditField.RATING] in {"A", "B"}

    def test_a_feed_sees_our_write_and_is_not_confused(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        (before,) = port.fetch(Kind.ACCOUNTS, [account]).records
        port.update_fields([an_update(account)])

        (after,) = port.fetch(Kind.ACCOUNTS, [account]).records

        assert isinstance(before, Account)
        assert isinstance(after, Account)
        assert (after.name, after.owner_id) == (before.name, before.owner_id)

    def test_nothing_to_write_is_nothing_sent(self, calm_bench: Bench, calm_port: CrmPort) -> None:
        assert calm_port.update_fields([]) == []
        assert calm_port.create_tasks([]) == []
        assert calm_port.change_tasks([]) == []
        assert calm_port.find_tasks([]) == {}
        assert calm_port.owned_values([]) == {}
        vendor = calm_bench.vendor
        for where in (vendor.updates, vendor.creates, vendor.task_updates):
            assert calm_bench.calls(where) == 0


class TestJudging:
    """One outcome for each update, in the order asked; one bad record costs itself alone."""

    def test_one_bad_record_does_not_stop_the_others(self, bench: Bench, port: CrmPort) -> None:
        good, other, gone = (bench.add_account() for _ in range(3))
        bench.remove_account(gone)

        outcomes = port.update_fields(
            [
                an_update(good, rating="A"),
                an_update(gone, rating="A"),
                an_update(other, rating="no such grade"),
                an_update(other, rating="B"),
            ]
        )

        assert [type(each) for each in outcomes] == [
            Receipt,
            RecordNotFound,
            RecordInvalid,
            Receipt,
        ]
        stored = port.owned_values([good, other, gone])
        assert gone not in stored
        assert stored[good][CreditField.RATING] == "A"
        assert stored[other][CreditField.RATING] == "B"

    def test_more_updates_than_a_batch_come_back_in_order(
        self, bench: Bench, port: CrmPort
    ) -> None:
        accounts = [bench.add_account() for _ in range(105)]
        summaries = {each: f"第 {n}" for n, each in enumerate(accounts)}

        outcomes = port.update_fields(
            [an_update(each, summary=text) for each, text in summaries.items()]
        )

        assert [receipt_of(each).record_id for each in outcomes] == accounts
        stored = port.owned_values(accounts)
        assert {each: stored[each][CreditField.SUMMARY] for each in accounts} == summaries

    def test_accounts_that_are_gone_or_never_were_are_absent(
        self, bench: Bench, port: CrmPort
    ) -> None:
        there, gone = bench.add_account(), bench.add_account()
        bench.remove_account(gone)

        found = port.owned_values([gone, there, "1", "no-id", "", there, "' or 1=1 --"])

        assert set(found) == {there}

    def test_a_value_off_the_list_names_what_is_allowed(self, bench: Bench, port: CrmPort) -> None:
        (outcome,) = port.update_fields([an_update(bench.add_account(), rating="ZZZ")])

        assert isinstance(outcome, RecordInvalid)
        assert "AAA" in outcome.fields["rating"]

    def test_every_bad_value_of_a_record_is_named_and_none_written(
        self, bench: Bench, port: CrmPort
    ) -> None:
        account = bench.add_account()
        bad = an_update(account, rating="ZZZ", hold="perhaps", limit="many", summary="good")

        (outcome,) = port.update_fields([bad])

        assert isinstance(outcome, RecordInvalid)
        assert set(outcome.fields) == {"rating", "hold", "limit"}
        assert port.owned_values([account])[account][CreditField.SUMMARY] is None

    def test_a_text_too_long_for_its_field_is_refused_whole(
        self, bench: Bench, port: CrmPort
    ) -> None:
        account, other = bench.add_account(), bench.add_account()

        refused, written = port.update_fields(
            [an_update(account, summary="长" * 501), an_update(other, summary="短")]
        )

        assert isinstance(refused, RecordInvalid)
        assert "501" in refused.fields["summary"]
        receipt_of(written)
        assert port.owned_values([account])[account][CreditField.SUMMARY] is None

    def test_a_locked_account_is_refused_and_the_others_written(
        self, bench: Bench, port: CrmPort
    ) -> None:
        locked, other = bench.add_account(), bench.add_account()
        bench.put(Kind.ACCOUNTS, dict(bench.vendor.locked), locked)

        refused, written = port.update_fields([an_update(locked), an_update(other)])

        assert isinstance(refused, Refused)
        assert not isinstance(refused, Transient)
        assert "locked" in refused.user_message
        receipt_of(written)
        assert port.owned_values([locked])[locked][CreditField.RATING] is None

    def test_a_renamed_option_is_ours_again_when_read(self, bench: Bench) -> None:
        port = bench.open(mapping={"options": {"hold": {"stop": "hold", "hold": "stop"}}})
        account = bench.add_account()
        while not isinstance(port.update_fields([an_update(account, hold="stop")])[0], Receipt):
            bench.time.sleep(60)
        plain = bench.open()

        assert port.owned_values([account])[account][CreditField.HOLD] == "stop"
        assert plain.owned_values([account])[account][CreditField.HOLD] == "hold"

    def test_a_field_switched_off_is_left_alone(self, bench: Bench) -> None:
        port = bench.open(mapping={"credit_fields": {"summary": ""}})
        account = bench.add_account()
        update = an_update(account, rating="A", summary="x")
        while not isinstance(port.update_fields([update])[0], Receipt):
            bench.time.sleep(60)

        stored = bench.open().owned_values([account])[account]

        assert stored[CreditField.RATING] == "A"
        assert stored[CreditField.SUMMARY] is None
