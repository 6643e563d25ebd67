from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.connector.flow.importing.filing import Import, filled


@pytest.fixture
def importing(engine: sa.Engine, tmp_path: Path) -> Import:
    """Import into an installation with a few companies."""
    return Import(filled(engine), tmp_path)
