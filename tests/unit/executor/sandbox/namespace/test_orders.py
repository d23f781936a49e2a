"""Packets between driver and keeper."""

from ignis.executor.sandbox.namespace import orders
from ignis.executor.sandbox.namespace.orders import Answer, Order


def test_order() -> None:
    """An order comes back as it was."""
    for order in (Order("/nft", "table\n", ("/slirp", "{netns}")), Order(probed=(("::1", 9),))):
        assert order == orders.decode(orders.encode(order))


def test_answer() -> None:
    """An answer tells its kind and values; none at all is a failure."""
    packet = orders.answer(Answer.REACHED, [["10.0.2.2", 80]])

    assert (Answer.REACHED, [["10.0.2.2", 80]]) == orders.read_answer(packet)
    assert Answer.FAILED is orders.read_answer(b"")[0]
    assert orders.READY not in (orders.answer(kind, [])[:1] for kind in Answer)
