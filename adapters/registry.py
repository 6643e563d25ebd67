"""The one place that names the vendors."""

__all__: list[str] = []
