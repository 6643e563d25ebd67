"""Company names taken apart: place, trade name (字号), industry, legal form (credit-management 12.2)."""

import re
import unicodedata
from collections.abc import Callable, Mapping

import msgspec

from scoring.identity.regions import DISTRICT_SUFFIXES, ENGLISH_PLACES, PLACES, SUFFIXES, Place
from scoring.identity.words import (
    BRANCH_WORDS,
    ENGLISH_FORMS,
    ENGLISH_INDUSTRIES,
    FORMS,
    INDUSTRIES,
)

__all__ = ["NameTools", "ParsedName", "normalise_name", "parse_name"]

_NAME_REMARKS = re.compile(r"[\[【(（]?(?:旧|停用|作废|old|inactive)[\]】)）]?$", re.IGNORECASE)
_NAME_NOISE = re.compile(r"[\s·•「」『』【】\[\]()\"'’,.、，。-]+")

_TAGS = re.compile(r"【[^】]*】|\[[^\]]*\]|〔[^〕]*〕")
_REMARK_WORDS = (
    "旧|停用|作废|已停用|重复|勿用|注销|已注销|黑名单|测试|old|inactive|do not use|duplicate"
)
_TRAILING = re.compile(rf"[\s\-_—–/|*(（]*(?:{_REMARK_WORDS})[\s)）]*$", re.IGNORECASE)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_DROPPED = re.compile(r"[\s·•「」『』\"'‘’“”,.、，。\-—–_/|*&]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_PARTNERSHIPS = ("有限合伙", "普通合伙", "特殊普通合伙", "特殊的普通合伙")
_GROUPS = ("集团", "控股集团")
_AUTONOMOUS = re.compile(r"[\u4e00-\u9fff]{0,12}?自治[区州县]")
_LONGEST_PLACE = max(map(len, PLACES))
_SHORTEST_BRAND = 2


class NameTools(msgspec.Struct, frozen=True):
    """What the comparison borrows: simplified characters, pinyin, closeness of two texts (0 to 1)."""

    simplified: Callable[[str], str]
    pinyin: Callable[[str], str]
    closeness: Callable[[str, str], float]


class ParsedName(msgspec.Struct, frozen=True, kw_only=True):
    """A name in parts; an empty part is not said.

    ``text`` is the whole without spaces, brackets and remarks. ``form`` is a class of legal forms,
    ``kind`` the class of ``industry``. A branch keeps the parts of its head company, and its own
    place as ``place``.
    """

    text: str
    brand: str
    industry: str = ""
    kind: str = ""
    form: str = ""
    place: Place | None = None
    branch: bool = False
    sound: str = ""


def normalise_name(name: str) -> str:
    """Reduce a company name to what must be equal for two records to be the same company.

    Width, case, spaces, brackets and trailing remarks such as (停用) do not count; the two usual
    spellings of each Chinese legal form are one.
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    text = _NAME_REMARKS.sub("", text)
    text = _NAME_NOISE.sub("", text)
    return text.replace("有限责任公司", "有限公司").replace("股份有限公司", "股份公司")


def parse_name(name: str, tools: NameTools) -> ParsedName:
    """Take a name apart. Anything gives an answer; what is no company name is all trade name."""
    text = tools.simplified(unicodedata.normalize("NFKC", name)).strip().casefold()
    text = _TAGS.sub("", text)
    while (shorter := _TRAILING.sub("", text)) != text and shorter:
        text = shorter
    parsed = _chinese(text) if _CHINESE.search(text) else _english(text)
    return msgspec.structs.replace(parsed, sound=_sound(parsed.brand, tools))


def _sound(brand: str, tools: NameTools) -> str:
    return _DROPPED.sub("", tools.pinyin(brand)).casefold()


def _chinese(text: str) -> ParsedName:
    plain, inside = _without_brackets(text)
    form = _form_in_brackets(inside)
    head, branch = _head_of_branch(plain)
    rest, own_form = _ending(head, FORMS)
    place, rest = _leading_place(rest)
    bracket = next((found for part in inside if (found := _whole_place(part))), None)
    branch_place, _ = _leading_place(plain[len(head) :]) if branch else (None, "")
    brand, industry, kind = _industry(rest)
    return ParsedName(
        text=plain + "".join(sorted(inside)),
        brand=brand,
        industry=industry,
        kind=kind,
        form=form or own_form,
        place=branch_place or bracket or place,
        branch=branch,
    )


def _without_brackets(text: str) -> tuple[str, list[str]]:
    """Part what stands in brackets from the rest."""
    inside = [_DROPPED.sub("", part) for part in _BRACKETS.findall(text)]
    plain = _DROPPED.sub("", _BRACKETS.sub("", text)).replace("(", "").replace(")", "")
    return plain, [part for part in inside if part]


def _form_in_brackets(inside: list[str]) -> str:
    if any(part in _PARTNERSHIPS for part in inside):
        return "partnership"
    return "group" if any(part in _GROUPS for part in inside) else ""


def _head_of_branch(plain: str) -> tuple[str, bool]:
    """Find the head company's name in a branch's name."""
    word = next((word for word in BRANCH_WORDS if plain.endswith(word)), None)
    if word is None:
        return plain, False
    ends = [plain.rfind(form) + len(form) for form in FORMS if plain.rfind(form) > 0]
    inner = [end for end in ends if end < len(plain) - len(word) + 1]
    return (plain[: max(inner)] if inner else _without_last_place(plain[: -len(word)])), True


def _without_last_place(text: str) -> str:
    """Take the branch's own place off the end, where enough text stays."""
    for length in range(min(_LONGEST_PLACE + 1, len(text) - _SHORTEST_BRAND), 1, -1):
        if _whole_place(text[-length:]) is not None:
            return text[:-length]
    return text


def _ending(text: str, words: Mapping[str, str]) -> tuple[str, str]:
    """Take the longest of the words off the end; some of the text always stays."""
    fits = [word for word in words if text.endswith(word) and len(word) < len(text)]
    if not fits:
        return text, ""
    longest = max(fits, key=len)
    return text[: -len(longest)].strip(), words[longest]


def _leading_place(text: str) -> tuple[Place | None, str]:
    """Read places off the front, the broadest first: 广东省深圳市南山区."""
    place: Place | None = None
    while (found := _one_place(text, place)) is not None:
        more, text = found
        place = _narrower(place, more)
    return place, text


def _one_place(text: str, before: Place | None) -> tuple[Place, str] | None:
    for length in range(min(_LONGEST_PLACE, len(text)), 1, -1):
        name = text[:length]
        place = PLACES.get(name)
        if place is None or (before is not None and not _inside(place, before)):
            continue
        rest = _without_suffix(text[length:], place)
        return (place, rest) if len(rest) >= _SHORTEST_BRAND else None
    return None


def _without_suffix(rest: str, place: Place) -> str:
    """Take 省, 市, 土家族苗族自治州 off the front, where enough text stays."""
    autonomous = _AUTONOMOUS.match(rest)
    suffixes = SUFFIXES if place.district is None else DISTRICT_SUFFIXES
    plain = next((suffix for suffix in suffixes if rest.startswith(suffix)), "")
    suffix = autonomous.group() if autonomous else plain
    return rest[len(suffix) :] if len(rest) > len(suffix) + 1 else rest


def _inside(place: Place, before: Place) -> bool:
    """Tell whether a place may stand behind another: 广东 深圳, not 深圳 北京."""
    pairs = ((place.province, before.province), (place.city, before.city))
    agrees = all(one is None or other is None or one == other for one, other in pairs)
    return agrees and place != before and before.district is None


def _narrower(before: Place | None, more: Place) -> Place:
    if before is None:
        return more
    return Place(
        before.province or more.province, before.city or more.city, before.district or more.district
    )


def _whole_place(text: str) -> Place | None:
    """Read a text that is nothing but a place, as it stands in brackets."""
    place, rest = _leading_place(text + "··")
    return place if place is not None and rest in {"··", "·"} else None


def _industry(text: str) -> tuple[str, str, str]:
    """Part the industry's words off the end: brand, industry, class of the last word."""
    brand, kind = text, ""
    while True:
        fits = [word for word in INDUSTRIES if brand.endswith(word)]
        fits = [word for word in fits if len(brand) - len(word) >= _SHORTEST_BRAND]
        if not fits:
            return brand, text[len(brand) :], kind
        longest = max(fits, key=len)
        kind = INDUSTRIES[longest] if kind in {"", "general"} else kind
        brand = brand[: -len(longest)]


def _english(text: str) -> ParsedName:
    inside = [" ".join(part.split()) for part in _BRACKETS.findall(text)]
    plain = _BRACKETS.sub(" ", text).replace("&", " and ").replace(".", "").replace("'", "")
    words = re.sub(r"[^\w\s]|_", " ", plain).split()
    branch = words[-1:] == ["branch"] or "branch office" in plain
    words = [word for word in words if not (branch and word in {"branch", "office"})]
    own, words = _branch_place(words) if branch else (None, words)
    rest, form = _ending_words(words, ENGLISH_FORMS)
    rest, place = _english_place(rest, inside)
    brand, industry, kind = _english_industry(rest)
    return ParsedName(
        text="".join(words) + "".join(sorted(inside)),
        brand=" ".join(brand),
        industry=" ".join(industry),
        kind=kind,
        form=form,
        place=own or place,
        branch=branch,
    )


def _branch_place(words: list[str]) -> tuple[Place | None, list[str]]:
    """Read the place of a branch, which stands behind the legal form."""
    name = ENGLISH_PLACES.get(words[-1]) if len(words) > 1 else None
    return (None, words) if name is None else (PLACES[name], words[:-1])


def _ending_words(words: list[str], forms: Mapping[str, str]) -> tuple[list[str], str]:
    for length in range(min(4, len(words) - 1), 0, -1):
        kind = forms.get(" ".join(words[-length:]))
        if kind is not None:
            return words[:-length], kind
    return words, ""


def _english_place(words: list[str], inside: list[str]) -> tuple[list[str], Place | None]:
    for text in inside:
        if text in ENGLISH_PLACES:
            return words, PLACES[ENGLISH_PLACES[text]]
    for length in (2, 1):
        for part, rest in ((words[:length], words[length:]), (words[-length:], words[:-length])):
            name = ENGLISH_PLACES.get(" ".join(part))
            if name is not None and rest:
                return [word for word in rest if word != "city"], PLACES[name]
    return words, None


def _english_industry(words: list[str]) -> tuple[list[str], list[str], str]:
    brand, kind = words, ""
    while len(brand) > 1 and (brand[-1] in ENGLISH_INDUSTRIES or brand[-1] == "and"):
        found = ENGLISH_INDUSTRIES.get(brand[-1], "")
        kind = found if kind in {"", "general"} else kind
        brand = brand[:-1]
    return brand, words[len(brand) :], kind
