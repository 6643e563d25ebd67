"""The token file of either generation of Zoho's SDK, written by the SDKs' own column names."""

from pathlib import Path

import pytest

from adapters.settings import MissingSettingError
from adapters.zoho.sdk_store import stored_refresh_token
from tests.adapters.zoho.answers import SECRETS, some_settings

CLIENT = SECRETS["client_id"]
OLD = "user_mail,client_id,refresh_token,access_token,grant_token,expiry_time\n"
NEW = (
    "id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,"
    "redirect_url,api_domain\n"
)


def _store(folder: Path, text: str) -> Path:
    path = folder / "tokens.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"{OLD}a@b.test,{CLIENT},1000.r,1000.a,,1700000000000\n",
        f"{NEW}1,ann,{CLIENT},secret,1000.r,1000.a,,1700000000000,,https://www.zohoapis.eu\n",
        (
            f"{NEW}1,ann,{CLIENT},s,1000.older,,,,,\n2,bob,1000.OTHER,s,1000.no,,,,,\n"
            f"3,ann,{CLIENT},s,1000.r,,,,,\n4,ann,{CLIENT},s,,,,,,\n"
        ),
    ],
    ids=["zcrmsdk", "zohocrmsdk", "the newest of several"],
)
def test_the_clients_token_is_found(tmp_path: Path, text: str) -> None:
    assert stored_refresh_token(some_settings(), _store(tmp_path, text)).reveal() == "1000.r"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{OLD}a@b.test,1000.OTHER,1000.secret,,,\n", "holds no refresh token of the client"),
        ("a,b\n1,2\n", "no token store of a Zoho SDK"),
        ("", "no token store of a Zoho SDK"),
    ],
)
def test_a_file_without_it_is_told_and_no_token_is_repeated(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        stored_refresh_token(some_settings(), _store(tmp_path, text))
    assert "1000.secret" not in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ValueError, match="cannot be read"):
        stored_refresh_token(some_settings(), path)


def test_without_a_client_nothing_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MissingSettingError, match="client_id"):
        stored_refresh_token(some_settings(secrets={}), _store(tmp_path, OLD))
