"""Feeds end, resume, and tell what changed; nothing is lost and nothing comes twice."""

from datetime import timedelta

import pytest

from adapters.port import CrmPort, Cursor
from sandbox.faults import FaultKind
from scoring.records import Account, Kind
from tests.contract.bench import Bench, read_all
from tests.contract.crm_port.asking import ids_of, records_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class TestAScan:
    """A feed is read to its end, each record once, whoever goes on with it."""

    def test_a_feed_ends_and_holds_each_record_once(self, bench: Bench, port: CrmPort) -> None:
        added = {bench.add_account() for _ in range(230)}

        pages = read_all(port, Kind.ACCOUNTS)

        ids = ids_of(pages)
        assert len(ids) == 230
        assert set(ids) == added
        assert {page.expected for page in pages} == {230}

    def test_a_scan_is_told_in_portions(self, calm_bench: Bench, calm_port: CrmPort) -> None:
        for _ in range(230):
            calm_bench.add_account()

        assert len(read_all(calm_port, Kind.ACCOUNTS)) == calm_bench.vendor.pages_of_230

    def test_only_the_last_portion_has_a_new_watermark(self, bench: Bench, port: CrmPort) -> None:
        for _ in range(230):
            bench.add_account()
        *before, last = read_all(port, Kind.ACCOUNTS)

        assert before
        assert all(page.cursor.position and not page.finished for page in before)
        assert {page.cursor.watermark for page in before} == {None}
        assert last.cursor.watermark is not None
        assert last.cursor.position == ""

    def test_an_empty_feed_ends_with_a_watermark(self, port: CrmPort) -> None:
        for kind in port.kinds:
            page = port.changes(kind, Cursor())

            assert page.finished
            assert page.cursor.watermark is not None
            assert page.cursor.position == ""

    def test_another_port_goes_on_in_the_middle(self, bench: Bench, port: CrmPort) -> None:
        added = {bench.add_account() for _ in range(120)}
        first = port.changes(Kind.ACCOUNTS, Cursor())

        rest = read_all(bench.open(), Kind.ACCOUNTS, first.cursor)

        assert not first.finished
        assert set(ids_of([first, *rest])) == added

    def test_reading_again_gives_the_same(self, bench: Bench, port: CrmPort) -> None:
        bench.add_invoice(bench.add_account())
        first = port.changes(Kind.INVOICES, Cursor())
        again = port.changes(Kind.INVOICES, Cursor())
        overlap = port.changes(Kind.INVOICES, first.cursor)

        assert again == first
        assert overlap.records in {(), first.records}
        assert overlap.cursor.watermark == first.cursor.watermark

    def test_a_position_that_cannot_be_read_begins_again(self, bench: Bench, port: CrmPort) -> None:
        added = bench.add_account()

        page = port.changes(Kind.ACCOUNTS, Cursor(position="{broken"))

        assert ids_of([page]) == [added]

    def test_after_an_error_the_same_cursor_reads_on(
        self, calm_bench: Bench, calm_port: CrmPort
    ) -> None:
        added = {calm_bench.add_account() for _ in range(120)}
        first = calm_port.changes(Kind.ACCOUNTS, Cursor())
        calm_bench.fail("* /", FaultKind.ERROR_500, times=1000)
        with pytest.raises(Exception, match=r"HTTP 500|busy|no errorCode"):
            calm_port.changes(Kind.ACCOUNTS, first.cursor)
        calm_bench.crm.faults.clear()

        rest = read_all(calm_port, Kind.ACCOUNTS, first.cursor)

        assert sorted(ids_of([first, *rest])) == sorted(added)

    def test_a_record_deleted_in_mid_scan_costs_no_other(self, bench: Bench, port: CrmPort) -> None:
        added = [bench.add_account() for _ in range(230)]
        first = port.changes(Kind.ACCOUNTS, Cursor())
        for read in first.records[:5]:
            bench.remove_account(read.record_id)

        rest = read_all(port, Kind.ACCOUNTS, first.cursor)

        assert sorted(ids_of([first, *rest])) == sorted(added)

    def test_a_record_added_in_mid_scan_comes_now_or_next(
        self, bench: Bench, port: CrmPort
    ) -> None:
        for _ in range(120):
            bench.add_account()
        first = port.changes(Kind.ACCOUNTS, Cursor())
        bench.pass_time(MINUTE)
        late = bench.add_account()
        rest = read_all(port, Kind.ACCOUNTS, first.cursor)

        following = read_all(port, Kind.ACCOUNTS, rest[-1].cursor)

        assert late in ids_of([*rest, *following])

    def test_every_kind_of_the_port_can_be_read(self, bench: Bench, port: CrmPort) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        invoice = bench.add_invoice(account)
        bench.add_credit_note(account, invoice, 10)
        bench.add_allocation(bench.add_payment(account, "500"), invoice, "500")
        filled = {
            *(Kind.OWNERS, Kind.ACCOUNTS, Kind.INVOICES, Kind.CREDIT_NOTES),
            *(Kind.PAYMENTS, Kind.ALLOCATIONS),
        }

        found = {kind for kind in port.kinds if ids_of(read_all(port, kind))}

        assert len(set(port.kinds)) == len(port.kinds)
        assert port.kinds[0] is Kind.OWNERS
        assert found == filled


class TestChanges:
    """With a watermark only what changed since comes, late and simultaneous changes too."""

    def test_only_what_changed_comes_next(self, bench: Bench, port: CrmPort) -> None:
        changed, same = bench.add_account(), bench.add_account()
        bench.pass_time(HOUR)
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.rename_account(changed, "改名客户")
        added = bench.add_account()

        pages = read_all(port, Kind.ACCOUNTS, cursor)
        bench.pass_time(HOUR)
        quiet = read_all(port, Kind.ACCOUNTS, read_all(port, Kind.ACCOUNTS, cursor)[-1].cursor)

        names = {r.record_id: r.name for p in pages for r in p.records if isinstance(r, Account)}
        assert names[changed] == "改名客户"
        assert added in names
        assert same not in ids_of(quiet)

    def test_a_change_during_the_scan_is_not_lost(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(120)]
        first = port.changes(Kind.ACCOUNTS, Cursor())
        bench.pass_time(HOUR)
        bench.rename_account(first.records[0].record_id, "扫描中改名")
        end = read_all(port, Kind.ACCOUNTS, first.cursor)[-1]

        pages = read_all(port, Kind.ACCOUNTS, end.cursor)

        names = {r.record_id: r.name for p in pages for r in p.records if isinstance(r, Account)}
        assert len(ids) == 120
        assert names[first.records[0].record_id] == "扫描中改名"

    def test_a_change_committed_late_falls_into_the_overlap(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(-2 * MINUTE)
        late = bench.add_account()
        bench.pass_time(3 * MINUTE)
        bench.add_account()

        assert late in ids_of(read_all(port, Kind.ACCOUNTS, cursor))

    def test_many_changes_of_one_moment_all_come_once(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(430)]
        bench.pass_time(HOUR)
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        for each in ids:
            bench.rename_account(each, "同时改名")

        pages = read_all(port, Kind.ACCOUNTS, cursor)

        assert len(pages) > 1
        assert sorted(ids_of(pages)) == sorted(ids)

    def test_another_port_goes_on_within_one_moment(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(230)]
        bench.pass_time(HOUR)
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        for each in ids:
            bench.rename_account(each, "同时改名")
        first = port.changes(Kind.ACCOUNTS, cursor)

        rest = read_all(bench.open(), Kind.ACCOUNTS, first.cursor)

        assert not first.finished
        assert sorted(ids_of([first, *rest])) == sorted(ids)

    def test_an_unfinished_delta_keeps_the_old_watermark(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(230)]
        bench.pass_time(HOUR)
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        for each in ids:
            bench.rename_account(each, "改名")

        *before, last = read_all(port, Kind.ACCOUNTS, cursor)

        assert before
        assert {page.cursor.watermark for page in before} == {cursor.watermark}
        assert last.cursor.watermark is not None
        assert cursor.watermark is not None
        assert last.cursor.watermark > cursor.watermark

    def test_a_watermark_never_goes_back(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(-HOUR)
        bench.rename_account(account, "昨天")

        after = read_all(port, Kind.ACCOUNTS, cursor)[-1].cursor

        assert after.watermark is not None
        assert cursor.watermark is not None
        assert after.watermark >= cursor.watermark

    @pytest.mark.parametrize("off", [-10 * MINUTE, 10 * MINUTE], ids=["behind", "ahead"])
    def test_a_crm_whose_clock_is_off_loses_nothing(
        self, bench: Bench, port: CrmPort, off: timedelta
    ) -> None:
        bench.pass_time(off)
        bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        late = []
        for _ in range(3):
            bench.pass_time(MINUTE)
            late.append(bench.add_account())
            page = read_all(port, Kind.ACCOUNTS, cursor)[-1]
            assert late[-1] in ids_of([page])
            cursor = page.cursor

    def test_a_deleted_record_is_gone(self, bench: Bench, port: CrmPort) -> None:
        kept, deleted = bench.add_account(), bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(HOUR)
        bench.remove_account(deleted)

        fetched = port.fetch(Kind.ACCOUNTS, [kept, deleted])
        told = {each for page in read_all(port, Kind.ACCOUNTS, cursor) for each in page.gone}

        assert ids_of([fetched]) == [kept]
        assert fetched.gone == (deleted,)
        # 纷享销客 keeps no list of deletions: there the event and the nightly sweep tell.
        assert told == ({deleted} if port.vendor == "zoho" else set())

    def test_what_is_gone_is_not_among_the_records(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(20)]
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(HOUR)
        for each in ids:
            bench.rename_account(each, "改名")
        for each in ids[:7]:
            bench.remove_account(each)

        pages = read_all(port, Kind.ACCOUNTS, cursor)

        gone = {each for page in pages for each in page.gone}
        assert set(ids_of(pages)) == set(ids[7:])
        assert gone.isdisjoint(ids_of(pages))

    def test_a_record_made_anew_after_its_deletion_is_another(
        self, bench: Bench, port: CrmPort
    ) -> None:
        old = bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(HOUR)
        bench.remove_account(old)
        new = bench.add_account()

        pages = read_all(port, Kind.ACCOUNTS, cursor)
        fetched = port.fetch(Kind.ACCOUNTS, [old, new])

        assert new != old
        assert ids_of(pages) == [new]
        assert ids_of([fetched]) == [new]
        assert fetched.gone == (old,)


class TestFetching:
    """Records are read by id as they are now; each id is answered once."""

    def test_ids_that_never_were_are_gone(self, port: CrmPort) -> None:
        strange = ["1", "abcdef0123456789abcdef01", "' or id is not null --", ""]

        assert set(port.fetch(Kind.ACCOUNTS, strange).gone) == set(strange)

    def test_mixed_and_repeated_ids_are_answered_once_each(
        self, bench: Bench, port: CrmPort
    ) -> None:
        good, other, deleted = (bench.add_account() for _ in range(3))
        bench.remove_account(deleted)

        page = port.fetch(Kind.ACCOUNTS, [good, deleted, "no-id", good, other, deleted, "no-id"])

        assert sorted(ids_of([page])) == sorted([good, other])
        assert sorted(page.gone) == sorted([deleted, "no-id"])

    def test_more_ids_than_a_page_all_come(self, bench: Bench, port: CrmPort) -> None:
        added = [bench.add_account() for _ in range(230)]

        page = port.fetch(Kind.ACCOUNTS, added)

        assert sorted(ids_of([page])) == sorted(added)
        assert page.gone == ()

    def test_a_fetched_page_is_whole_and_has_no_cursor(self, bench: Bench, port: CrmPort) -> None:
        page = port.fetch(Kind.ACCOUNTS, [bench.add_account()])

        assert page.finished
        assert page.cursor == Cursor()
        assert page.kind is Kind.ACCOUNTS

    def test_nothing_asked_is_nothing_sent(self, calm_bench: Bench, calm_port: CrmPort) -> None:
        for kind in (Kind.ACCOUNTS, Kind.INVOICES):
            page = calm_port.fetch(kind, [])
            assert (page.records, page.gone) == ((), ())

        assert calm_bench.calls(calm_bench.vendor.reads) == 0

    def test_a_feed_and_a_fetch_tell_the_same(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        added = [bench.add_invoice(account) for _ in range(3)]

        fed = records_of(read_all(port, Kind.INVOICES))
        fetched = records_of([port.fetch(Kind.INVOICES, added)])

        assert fed == fetched
        assert set(fed) == set(added)

    def test_owners_are_read(self, port: CrmPort) -> None:
        page = port.changes(Kind.OWNERS, Cursor())

        assert page.records
        assert port.fetch(Kind.OWNERS, [page.records[0].record_id]).records == page.records[:1]


class TestIds:
    """The ids of a feed come alone, for a sweep that trusts no feed."""

    def test_they_come_whole_in_portions_and_without_what_is_gone(
        self, bench: Bench, port: CrmPort
    ) -> None:
        accounts = [bench.add_account() for _ in range(230)]
        bench.remove_account(accounts[7])
        found: list[str] = []
        portions, after = 0, ""
        while portions == 0 or after:
            page = port.ids(Kind.ACCOUNTS, after)
            portions, after = portions + 1, page.after
            found += page.ids

        assert found == sorted({*accounts} - {accounts[7]}, key=lambda each: (len(each), each))
        assert portions == 3
        assert port.missing(Kind.ACCOUNTS, accounts[5:9]) == (accounts[7],)

    def test_a_feed_without_records_has_none(self, port: CrmPort) -> None:
        page = port.ids(Kind.PAYMENTS)

        assert (page.ids, page.after) == ((), "")
