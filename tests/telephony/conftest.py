"""Two lines, and the agent they lead to on the air."""

import pytest

from tests.telephony.exchange import Exchange, connect


@pytest.fixture
def exchange(db: None) -> Exchange:
    """The lines, and the people of both projects."""
    return connect()
