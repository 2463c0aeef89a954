from importlib.metadata import EntryPoint

import oxios_gateway
from oxios_gateway import discover
from oxios_gateway.discovery import GROUP
from oxios_gateway.testing import MemoryChannel


def test_channels_are_found_by_the_name_of_their_entry_point() -> None:
    point = EntryPoint(name="memory", value="oxios_gateway.testing:MemoryChannel", group=GROUP)

    found: dict[str, object] = dict(discover([point]))

    assert found == {"memory": MemoryChannel}
    assert discover([]) == {}


def test_every_public_name_is_there_and_sorted() -> None:
    names = oxios_gateway.__all__

    assert len(set(names)) == len(names)
    assert all(hasattr(oxios_gateway, name) for name in names)
