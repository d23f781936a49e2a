"""The line to a program while it runs."""

from ignis.executor.live import Live


def test_whoever_is_in_charge_ends_it() -> None:
    """The innermost is asked to end the program; after it the one before is in charge again."""
    ended: list[str] = []
    live = Live()
    with live.ended_by(lambda: ended.append("outer")):
        with live.ended_by(lambda: ended.append("inner")):
            pass
        live.cancel()

    assert ["outer"] == ended
    assert live.cancelled


def test_it_is_asked_once() -> None:
    """A second wish to cancel changes nothing."""
    ended: list[str] = []
    live = Live()
    with live.ended_by(lambda: ended.append("ended")):
        live.cancel()
        live.cancel()

    assert ["ended"] == ended


def test_a_wish_is_not_forgotten() -> None:
    """Cancelled before anybody is in charge, the program is ended by the first who is."""
    ended: list[str] = []
    live = Live()
    live.cancel()
    with live.ended_by(lambda: ended.append("ended")):
        pass

    assert ["ended"] == ended
