"""The rules of the policy: where each stands, its numbers, and values that break or just keep it."""

from collections.abc import Mapping
from decimal import Decimal

from scoring.fitted_card import card_toml
from tests.scoring.test_fitted_card import a_card

__all__ = [
    "GRADE_KEYS",
    "LIES_ABOVE",
    "LIES_ABOVE_TO",
    "LIES_BETWEEN",
    "ORDERS",
    "OTHERS",
    "ROWS",
    "STARTS_AT",
]

_A_CARD = card_toml(a_card("wadl"))

#: Whole numbers and amounts, and where they start.
STARTS_AT = {
    **dict.fromkeys(
        (
            *("behaviour.settled_tolerance", "behaviour.settled_tolerance_share"),
            *("behaviour.small_item_share", "scorecard.shrink_weight"),
            *("scorecard.prospect.financial", "scorecard.prospect.history"),
            *("scorecard.prospect.qualitative", "scorecard.history.severity.dishonest"),
            *("gates.parent_notches", "gates.support_notches", "limits.starter", "limits.growth"),
            *("limits.value_added_tax", "limits.high_credit_growth", "limits.starters.north"),
            *("limits.method_weights.history", "exposure.receivable_limit"),
            *("exposure.notes_limit", "exposure.delivered_limit", "exposure.orders_limit"),
            *("warning.decay_days", "warning.event_days", "dossier.trading_months"),
            *("dossier.expires_within_days", "promises.judged_after_working_days"),
            *("promises.recent_days", "promises.pause_days", "promises.pauses_in_row"),
            *("order_check.min_overdue", "order_check.over_limit_warn_share"),
            *("order_check.release_growth", "terms.late_interest_per_day"),
            *("review.upgrade_months", "review.override_max_up", "review.override_notice_days"),
            *("review.cross_points", "dunning.quiet_days"),
        ),
        0,
    ),
    **dict.fromkeys(
        (
            *("scorecard.qualitative.appraisal_months", "gates.parent_depth"),
            *("limits.round_digits", "financials.peers_needed", "terms.large_days"),
            *("review.override_max_days", "review.upgrade_grades", "dunning.levels_at_once"),
        ),
        1,
    ),
    "financials.unit_factor": 2,
    "financials.max_age_months": 12,
}

LIES_ABOVE = {
    "financials.ohlson_price_index": 0,
    "order_check.average_order_multiple": 0,
    "scorecard.qualitative.dispute_difference": 0,
}

LIES_ABOVE_TO = {
    "limits.lgd": (0, 1),
    "scorecard.history.channels.phone": (0, 1),
}

LIES_BETWEEN = {
    **dict.fromkeys(
        (
            *("scorecard.missing_min_share", "scorecard.missing_group_share"),
            *("scorecard.shrink_towards", "scorecard.history.severity_floor"),
            *("limits.working_capital_share", "limits.history_floor_share"),
            *("limits.concentration_share", "limits.risk_capital_fraction"),
            *("limits.other_haircut", "limits.stable_share", "limits.haircuts.property"),
            *("limits.parent_haircuts.AA", "exposure.order_weight", "exposure.delivered_weight"),
            *("exposure.bank_acceptance_weight", "exposure.commercial_acceptance_weight"),
            *("financials.basis.audited", "financials.basis.tax_filing"),
            *("financials.basis.unaudited", "financials.basis.self_declared"),
            *("dossier.name_only_share", "order_check.hold_limit_share"),
            *("order_check.overdue_share", "order_check.utilisation_warn"),
            *("provision.current", "provision.days_1_30", "provision.days_31_60"),
            *("provision.days_61_90", "provision.days_91_180", "provision.days_181_365"),
            "provision.over_365",
        ),
        (0, 1),
    ),
    **dict.fromkeys(
        (
            *("financials.no_interest_profit_share", "financials.no_interest_loss_share"),
            *("financials.idle_liquidity_share", "scorecard.history.tax_grades.A"),
            "scorecard.history.providers.own.grades.good",
        ),
        (0, 100),
    ),
    "scorecard.qualitative.collateral_proxy": (1, 5),
    "financials.interim_min_months": (1, 12),
    "financials.year_tolerance_days": (0, 180),
}

#: A rule between fields, with values that break it at each of its signs, and some that just keep it.
ORDERS = (
    (
        "behaviour",
        "1 <= trend_months < window_months <= max_delay_months",
        ("trend_months = 0", "trend_months = 12", "window_months = 25"),
        ("trend_months = 1", "trend_months = 11", "window_months = 24"),
    ),
    (
        "default_event",
        "0 <= cure_days <= days",
        ("cure_days = -1", "cure_days = 91"),
        ("cure_days = 0", "cure_days = 90"),
    ),
    (
        "limits.margin",
        "0 < margin < 1",
        ("margin = 0", "margin = 1"),
        ("margin = 0.01", "margin = 0.99"),
    ),
    (
        "watch",
        "0 < hold_days < stop_days",
        ("hold_days = 0", "hold_days = 45"),
        ("hold_days = 1", "hold_days = 44"),
    ),
    (
        "watch",
        "0 < attention_from < watch_from < high_from",
        ("attention_from = 0", "attention_from = 4", "watch_from = 8"),
        ("attention_from = 1", "attention_from = 3", "watch_from = 7"),
    ),
    (
        "warning",
        "0 < trend_days <= trend_high_days",
        ("trend_days = 0", "trend_days = 16"),
        ("trend_days = 1", "trend_days = 15"),
    ),
    (
        "warning",
        "0 < broken_some <= broken_many",
        ("broken_some = 0", "broken_some = 3"),
        ("broken_some = 1", "broken_some = 2"),
    ),
    (
        "financials.balance_tolerance",
        "0 <= balance_tolerance < 1",
        ("balance_tolerance = -0.01", "balance_tolerance = 1"),
        ("balance_tolerance = 0", "balance_tolerance = 0.99"),
    ),
    *(
        (
            f"financials.{model}",
            "distress <= safe",
            ("safe = 1\ndistress = 1.01",),
            ("safe = 1\ndistress = 1",),
        )
        for model in ("z", "z_private", "z_double", "em")
    ),
    (
        "dossier",
        "0 < medium_from < high_from <= 100",
        ("medium_from = 0", "medium_from = 80", "high_from = 101"),
        ("medium_from = 1", "medium_from = 79", "high_from = 100"),
    ),
    (
        "promises",
        "0 <= partial_share < kept_share <= 1",
        ("partial_share = -0.01", "partial_share = 0.95", "kept_share = 1.01"),
        ("partial_share = 0", "partial_share = 0.94", "kept_share = 1"),
    ),
    (
        "order_check",
        "0 < hold_days < stop_days",
        ("hold_days = 0", "hold_days = 60"),
        ("hold_days = 1", "hold_days = 59"),
    ),
    (
        "terms",
        "0 < public_days <= public_contract_days",
        ("public_days = 0", "public_days = 61"),
        ("public_days = 1", "public_days = 60"),
    ),
    (
        "review",
        "0 <= officer_up_to <= manager_up_to <= director_up_to",
        ("officer_up_to = -1", "officer_up_to = 500_001", "manager_up_to = 2_000_001"),
        ("officer_up_to = 0", "officer_up_to = 500_000", "manager_up_to = 2_000_000"),
    ),
    (
        "review",
        "0 < committee_votes <= committee_size",
        ("committee_votes = 0", "committee_votes = 4"),
        ("committee_votes = 1", "committee_votes = 3"),
    ),
    (
        "provision",
        (
            "current <= days_1_30 <= days_31_60 <= days_61_90 <= days_91_180 <= days_181_365 "
            "<= over_365"
        ),
        (
            *("current = 0.03", "days_1_30 = 0.2", "days_31_60 = 0.3", "days_61_90 = 0.6"),
            *("days_91_180 = 0.8", "over_365 = 0.7"),
        ),
        ("current = 0.02", "days_1_30 = 0.1", "over_365 = 0.75"),
    ),
    (
        "dunning",
        "0 <= contact_from_hour < contact_to_hour <= 24",
        ("contact_from_hour = -1", "contact_from_hour = 21", "contact_to_hour = 25"),
        ("contact_from_hour = 0", "contact_from_hour = 20", "contact_to_hour = 24"),
    ),
    (
        "limitation",
        "0 < years <= foreign_years <= outer_years",
        ("years = 0", "years = 5", "foreign_years = 21"),
        ("years = 1", "years = 4", "foreign_years = 20"),
    ),
    (
        "scorecard.history",
        "1 <= half_life_months <= forgotten_months",
        ("half_life_months = 0", "half_life_months = 37"),
        ("half_life_months = 1", "half_life_months = 36"),
    ),
    (
        "scorecard.history.providers.own.lowest",
        "lowest < highest",
        ("lowest = 100",),
        ("lowest = 99",),
    ),
)

#: Keys that hold a grade.
GRADE_KEYS = (
    *("gates.dishonest_cap", "gates.ceased_cap", "gates.abnormal_cap", "gates.over_90_cap"),
    *("gates.over_60_cap", "gates.write_off_cap", "gates.negative_equity_cap", "gates.thin_cap"),
    *("gates.low_confidence_cap", "gates.no_statements_cap", "gates.young_cap"),
    *("limits.history_floor_grade", "dossier.good_from", "dossier.weak_from"),
    *("order_check.over_limit_warn_grade", "order_check.stop_grade"),
    *("review.officer_from_grade", "review.higher_from_grade"),
)

_RULES = ", ".join(f"R{number}" for number in range(1, 15))
_METHODS = (
    "net_worth_share, working_capital_share, working_assets, revenue_share, history, external"
)

#: What breaks a rule of another kind: the text, the place, the code, and some of its parameters.
OTHERS: tuple[tuple[str, str, str, Mapping[str, object]], ...] = (
    ("version = ''", "version", "version", {}),
    ("version = ' a'", "version", "version", {}),
    ("currency = 'RMB'", "currency", "no_currency", {"given": "'RMB'"}),
    ("groups = []", "groups", "empty", {}),
    ("groups = ['payment', 'payment']", "groups", "twice", {"names": "payment"}),
    ("order_check.off = ['R1', 'R15']", "order_check.off[1]", "none_of", {"allowed": _RULES}),
    ("order_check.prepaid_lifts = ['R0']", "order_check.prepaid_lifts[0]", "none_of", {}),
    ("order_check.reactions.R15 = 'warn'", "order_check.reactions.R15", "none_of", {}),
    (
        "limits.method_weights.luck = 1",
        "limits.method_weights.luck",
        "none_of",
        {"given": "'luck'", "allowed": _METHODS},
    ),
    (
        "scorecard.history.never_decay = ['gossip']",
        "scorecard.history.never_decay[0]",
        "none_of",
        {"given": "'gossip'"},
    ),
    ("limits.parent_haircuts.E = 0.1", "limits.parent_haircuts.E", "no_grade", {"given": "'E'"}),
    ("terms.instruments.E = []", "terms.instruments.E", "no_grade", {"given": "'E'"}),
    ("dossier.good_from = 'B'", "dossier.good_from", "better_grade", {"than": "weak_from"}),
    ("dossier.contract.weight = -1", "dossier.contract.weight", "starts_at", {"least": 0}),
    (
        "dossier.contract = { weight = 1, months = 0 }",
        "dossier.contract.months",
        "starts_at",
        {"least": 1},
    ),
    (
        "dossier.contract = { weight = 1, months = 3, months_good = -1 }",
        "dossier.contract.months_good",
        "starts_at",
        {"least": 1},
    ),
    (
        "dossier.contract = { weight = 1, months_good = 3, months_weak = 2 }",
        "dossier.contract.months",
        "needed_beside",
        {"beside": "months_good, months_weak"},
    ),
    (
        (
            "[dossier]\nidentity = { weight = 0 }\ncontacts = { weight = 0 }\n"
            "trading_history = { weight = 0 }"
        ),
        "dossier",
        "one_weighs",
        {"names": "identity, contacts, trading_history"},
    ),
    (
        "[[financials.shifts]]\nindustries = []",
        "financials.shifts[0].industries",
        "empty",
        {},
    ),
    (
        "[[financials.shifts]]\nindustries = ['C', '']",
        "financials.shifts[0].industries[1]",
        "empty",
        {},
    ),
    (
        "[[financials.shifts]]\nindustries = ['C']\n[[financials.shifts]]\nindustries = ['D', 'C']",
        "financials.shifts",
        "twice",
        {"names": "C"},
    ),
    (
        "limits.working_assets_shares = [0, 0.1]",
        "limits.working_assets_shares",
        "one_more",
        {"beside": "working_assets_marks"},
    ),
    (
        "[limits]\nworking_assets_marks = [1, 1]\nworking_assets_shares = [0, 0.1, 0.2]",
        "limits.working_assets_marks",
        "must_rise",
        {},
    ),
    (
        "[limits]\nworking_assets_marks = [1, 2]\nworking_assets_shares = [0, 0.2, 0.1]",
        "limits.working_assets_shares",
        "must_rise",
        {},
    ),
    (
        "[limits]\nworking_assets_marks = [1]\nworking_assets_shares = [0, 1.1]",
        "limits.working_assets_shares[1]",
        "lies_between",
        {"least": 0, "most": 1},
    ),
    ("limitation.alert_days = []", "limitation.alert_days", "empty", {}),
    ("limitation.alert_days = [30, 30]", "limitation.alert_days", "must_fall", {}),
    (
        (
            "[[dunning.levels]]\nlevel = 1\nday = 3\naction = 'call'\n"
            "[[dunning.levels]]\nlevel = 2\nday = 3\naction = 'call'"
        ),
        "dunning.levels",
        "rungs",
        {},
    ),
    (
        (
            "[[dunning.levels]]\nlevel = 1\nday = 3\naction = 'call'\n"
            "[[dunning.levels]]\nlevel = 1\nday = 4\naction = 'call'"
        ),
        "dunning.levels",
        "rungs",
        {},
    ),
    *(
        (
            f"scorecard.{group}.points = {points + 1}",
            f"scorecard.{group}",
            "group_points",
            {"total": Decimal(points), "group": Decimal(points + 1)},
        )
        for group, points in (
            *(("payment", 35), ("financial", 30), ("history", 20), ("qualitative", 15)),
        )
    ),
    (
        "scorecard.prospect.financial = 44",
        "scorecard.prospect",
        "prospect_weights",
        {"total": Decimal(99)},
    ),
    (
        (
            "groups = ['payment', 'financial', 'history', 'qualitative']\n"
            "[scorecard.history]\npoints = 21\nbureau = { points = 9, curve = [[0, 0], [100, 100]] }"
        ),
        "scorecard",
        "groups_points",
        {"total": Decimal(101)},
    ),
    *(
        (
            f"scorecard.payment.wadl = {{ points = {points}, curve = {curve} }}",
            f"scorecard.payment.wadl.{place}",
            code,
            params,
        )
        for points, curve, place, code, params in (
            (-1, "[[0, 100]]", "points", "starts_at", {"least": 0}),
            (14, "[]", "curve", "empty", {}),
            (14, "[[0, 100, 1]]", "curve[0]", "length", {"wanted": 2, "given": 3}),
            (
                *(14, "[[0, 100], [0, 50]]", "curve[1]", "curve_value"),
                {"after": Decimal(0), "before": Decimal(0)},
            ),
            (14, "[[0, 100], [1, 50], [2, 60]]", "curve", "curve_percents", {}),
            (14, "[[0, 101], [1, 50]]", "curve[0]", "percent_outside", {"given": Decimal(101)}),
            (14, "[[0, 100], [1, -1]]", "curve[1]", "percent_outside", {"given": Decimal(-1)}),
        )
    ),
    (
        "scorecard.financial.net_margin = { points = 4, curve = [[0, 100], [10, 0]] }",
        "scorecard.financial.net_margin.curve",
        "wrong_way",
        {"way": "rise"},
    ),
    *(
        (
            f"scorecard.financial.{code} = {{ points = {points}, curve = [[0, 0], [9, 100]] }}",
            f"scorecard.financial.{code}.curve",
            "wrong_way",
            {"way": "fall"},
        )
        for code, points in (("debt_to_assets", 7), ("debt_to_assets_change", 3))
    ),
    *(
        (_A_CARD.replace(old, new), f"scorecard.fitted.{place}", code, params)
        for old, new, place, code, params in (
            ("format = 1", "format = 9", "format", "must_equal", {"given": 9, "wanted": 1}),
            ("base = 50.0", "base = 600.0", "scaling.base", "must_equal", {"wanted": 50.0}),
            ("odds = 19.0", "odds = 20.0", "scaling.odds", "must_equal", {"wanted": 19.0}),
            ("pdo = 10.0", "pdo = 20.0", "scaling.pdo", "must_equal", {"wanted": 10.0}),
            ("odds = 19.0", "odds = 0.0", "scaling.odds", "lies_above", {"above": 0}),
            ("pdo = 10.0", "pdo = 0.0", "scaling.pdo", "lies_above", {"above": 0}),
            ("n_bad = 60", "n_bad = 0", "trained.n_bad", "starts_at", {"least": 1}),
            ('"wadl"', '"luck"', "characteristics[0].name", "none_of", {"given": "'luck'"}),
            ("-1.0", "0.0", "characteristics[0].coefficient", "card_sign", {"name": "wadl"}),
            ("below = 2.0", "below = 1.0", "characteristics[0].bins", "card_bins", {}),
            (
                *("woe = 0.0, points = 10.0", "woe = 0.5, points = 10.0"),
                *("characteristics[0].bins", "card_points", {"name": "wadl"}),
            ),
        )
    ),
)

#: Changes of the ten rows in the example.
ROWS = (
    ('grade = "AA"', 'grade = "AB"', "grades[1].grade", "no_grade", {"given": "'AB'"}),
    ('grade = "AA"', 'grade = "AB"', "grades", "row_missing", {"grade": "AA"}),
    ('grade = "AA"', 'grade = "AAA"', "grades", "row_missing", {"grade": "AA"}),
    ("score = 80\n", "", "grades[1].score", "score_missing", {"grade": "AA"}),
    (
        *("score = 80", "score = 90", "grades[1].score", "bands_overlap"),
        {"worse": "AA", "worse_from": Decimal(90), "better": "AAA", "better_from": Decimal(90)},
    ),
    ("score = 0\n", "score = 1\n", "grades[8].score", "score_of_worst", {"grade": "C"}),
    ('grade = "D"', 'grade = "D"\nscore = 0', "grades[9].score", "score_of_default", {}),
    (
        *("pd = 0.0046", "pd = 0.0023", "grades[1].pd", "grade_steps"),
        {"key": "pd", "way": "rise", "worse": "AA", "worse_has": Decimal("0.0023")},
    ),
    *(
        (old, new, f"grades[1].{key}", "grade_steps", {"key": key, "way": "not_rise"})
        for key, old, new in (
            ("safety", "safety = 1.4", "safety = 1.6"),
            ("max_terms_days", "max_terms_days = 75", "max_terms_days = 91"),
            ("net_worth_share", "net_worth_share = 0.2\n", "net_worth_share = 0.26\n"),
            ("revenue_share", "revenue_share = 0.05", "revenue_share = 0.07"),
            ("unsecured_floor", "score = 80", "score = 80\nunsecured_floor = 1"),
            ("max_step_up", "max_step_up = 0.75", "max_step_up = 1.01"),
        )
    ),
    (
        *("score = 90", "score = 90\nunsecured_cap = 99_999", "grades[5].unsecured_cap"),
        *("grade_steps", {"better": "AAA", "better_has": Decimal(99_999), "worse": "B"}),
    ),
    (
        "review_months = 9",
        "review_months = 0",
        "grades[2].review_months",
        "starts_at",
        {"least": 1},
    ),
    (
        "net_worth_share = 0.04",
        "net_worth_share = -1",
        "grades[5].net_worth_share",
        "starts_at",
        {},
    ),
    ("revenue_share = 0.01", "revenue_share = -1", "grades[5].revenue_share", "starts_at", {}),
    ("max_step_up = 0.25", "max_step_up = -1", "grades[4].max_step_up", "starts_at", {"least": 0}),
)
