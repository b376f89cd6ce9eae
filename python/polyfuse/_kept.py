"""Steps of a job: what came of those that are done, and how far the one under way has come.

Whoever interrupts a job and goes on later gives it the state that was noted last. Everywhere else
nothing is noted, and every step is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._descent import Note, State


class Kept:
    """What is known of the steps of a job.

    Parameters
    ----------
    state : dict, optional
        One that was offered.
    offer : callable(callable), optional
        Is given a function that returns the state, whenever it has changed.
    """

    def __init__(self, state: State | None = None, offer: Note | None = None) -> None:
        self.done: State = dict(state["done"]) if state else {}
        self.under_way: State = dict(state["under way"]) if state else {}
        self.offer = offer

    def step(self, name: str, work: Callable[[State | None, Note | None], Any]) -> Any:
        """What came of a step: of one that was done before, or of ``work(under_way, note)``.

        `under_way` is the last state that was noted in it by ``note(state)``, None if there is
        none. What comes of it is made of numbers and arrays, too.
        """
        if name not in self.done:
            self.done[name] = work(self.under_way.get(name), self._note(name))
            self.under_way = {}
            if self.offer is not None:
                self.offer(self._state)
        return self.done[name]

    def _note(self, name: str) -> Note | None:
        offer = self.offer
        if offer is None:
            return None

        def note(state: Callable[[], State]) -> None:
            def all_there_is() -> State:
                self.under_way = {name: state()}
                return self._state()

            offer(all_there_is)

        return note

    def _state(self) -> State:
        return {"done": self.done, "under way": self.under_way}
