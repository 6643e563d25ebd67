"""A stream of forged messages: well shaped, for records that exist nowhere, with a wrong proof."""

import json
import threading
from collections import Counter
from random import Random

from tests.journeys.harness import Installation
from tests.journeys.serving import Serve, genuine

__all__ = ["Forger"]

FORGED_RECORD = "999999999999999"
PROOFS = {"zoho": "token", "fxiaoke": "signature"}


class Forger:
    """Sends forgeries every so often until it is ended."""

    def __init__(
        self, serve: Serve, installation: Installation, *, every: float, seed: int
    ) -> None:
        self.answers: Counter[int] = Counter()
        self.message_ids: set[str] = set()
        self._serve = serve
        self._installation = installation
        self._every = every
        self._rng = Random(seed)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forger")
        self._thread.start()

    def end(self) -> None:
        """Stop forging."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            vendor = self._rng.choice(sorted(PROOFS))
            message = genuine(self._installation, vendor, FORGED_RECORD)
            self.message_ids.add(str(message.get("messageId", "")))
            message[PROOFS[vendor]] = f"{self._rng.getrandbits(160):040x}"
            self.answers[self._serve.post(vendor, json.dumps(message).encode())] += 1
