"""Routes are compiled once for all applications of a kind; views are each application's own."""

from sandbox.application import SandboxApp


def an_app(kind: str, said: str) -> SandboxApp:
    app = SandboxApp("sandbox", kind)

    @app.get("/said")
    def view() -> str:
        return said

    app.add_url_rule("/again", endpoint="again", view_func=lambda: said * 2)
    return app.ready()


def test_each_application_answers_by_its_own_views() -> None:
    one, two = an_app("twins", "one"), an_app("twins", "two")

    assert one.url_map is two.url_map
    assert [app.test_client().get("/said").text for app in (one, two)] == ["one", "two"]
    assert two.test_client().get("/again").text == "twotwo"
    assert one.test_client().get("/nowhere").status_code == 404


def test_another_kind_has_routes_of_its_own() -> None:
    other = SandboxApp("sandbox", "other")
    other.add_url_rule("/else", view_func=_else)

    assert other.ready().test_client().get("/else").text == "else"
    assert other.test_client().get("/said").status_code == 404


def _else() -> str:
    return "else"
