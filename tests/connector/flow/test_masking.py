"""What names a person is found as a word, however it is written, and nothing else is touched."""

import pytest

from connector.flow.masking import Mask, named_ids


@pytest.mark.parametrize(
    ("value", "text", "masked"),
    [
        ("Li Wei", "ask Li Wei, today", "ask –, today"),
        ("Li", "Limit 5, Olli, Li.", "Limit 5, Olli, –."),
        ("王芳", "请王芳付款", "请–付款"),
        ("+86 571 5550", "call +86 571 5550 4", "call – 4"),
        ("a.b@c.de", "x a.b@c.de, axb@c.de", "x –, axb@c.de"),
        ("李", "李 stays: too short", "李 stays: too short"),
    ],
)
def test_a_value_is_masked_as_a_word_of_its_own(value: str, text: str, masked: str) -> None:
    mask = Mask([value, None, ""])

    assert mask.text(text) == masked
    assert mask.names(text) == (masked != text)


def test_the_longer_value_is_masked_first() -> None:
    assert Mask(["Ann", "Ann Lee"]).text("Ann Lee and Ann") == "– and –"


def test_in_a_document_only_strings_are_masked() -> None:
    document = '{"王芳":"\\n王芳\\t\\u738b\\u82b3","Open":"Open","n":4711,"s":"4711"}'.encode()

    masked = Mask(["王芳", "Open", "4711"]).document(document)

    assert masked == '{"王芳":"\\n–\\t–","Open":"–","n":4711,"s":"–"}'.encode()


def test_a_name_after_a_line_break_is_found_in_a_document() -> None:
    assert Mask(["Wang Li"]).stands_in(b'{"body":"Contact:\\nWang Li"}')


@pytest.mark.parametrize(
    "body", ["name=%E7%8E%8B%E8%8A%B3&id=1", '{"name":"\\u738B\\u82b3"}', "王芳", "x=Wang+Li"]
)
def test_a_value_is_found_in_forms_and_escapes(body: str) -> None:
    assert Mask(["王芳", "Wang Li"]).stands_in(body.encode())


def test_what_is_no_text_holds_nobody() -> None:
    mask = Mask(["王芳"])

    assert mask.document(b"\xff\x00") == b"\xff\x00"
    assert not mask.stands_in(b"\xff\x00")


def test_nobody_to_look_for_is_found_nowhere() -> None:
    assert not Mask([None, " "]).stands_in(b"anything")


def test_ids_are_found_as_a_whole() -> None:
    assert named_ids(b'{"ids":["12","345"]}', {"12", "34", "45", "345", ""}) == {"12", "345"}
