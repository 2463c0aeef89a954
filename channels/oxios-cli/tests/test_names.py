import oxios_cli
import pytest


def test_every_public_name_is_there() -> None:
    names = oxios_cli.__all__

    assert len(set(names)) == len(names)
    assert all(getattr(oxios_cli, name) is not None for name in names)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Cli'"):
        oxios_cli.Cli  # noqa: B018 - looking it up is what is tested
