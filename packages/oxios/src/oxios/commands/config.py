"""`oxios config`: show and change the settings, in a file that keeps its comments. Needs no kernel."""

import json
import shutil

import click
from oxios_kernel.config import Key, all_keys, find_key, load_settings
from oxios_kernel.config.edit import get_setting, set_setting, unset_setting
from oxios_kernel.domain.fact import Json
from oxios_kernel.errors import ConfigError

from oxios.datafiles import share_dir
from oxios.invocation import Invocation, answer, pass_invocation, say

__all__ = ["command"]


@click.group(name="config")
def command() -> None:
    """Show and change the settings.

    They come from config.toml; a variable OXIOS_<SECTION>_<KEY> is stronger.
    """


@command.command()
@pass_invocation
def show(invocation: Invocation) -> None:
    """Print every setting as TOML, with where its value comes from."""
    loaded = load_settings(invocation.home.config, invocation.environment)
    section = ""
    for key in all_keys():
        if key.section != section:
            answer(f"\n[{key.section}]" if section else f"[{key.section}]")
            section = key.section
        answer(f"{key.field} = {_toml(key.of(loaded.settings))}  # {loaded.origins.get(key.name, 'default')}")
    for warning in loaded.warnings:
        say(warning)


@command.command()
@click.argument("key")
@pass_invocation
def get(invocation: Invocation, key: str) -> None:
    """Print the value of KEY, such as engine.default_model."""
    loaded = load_settings(invocation.home.config, invocation.environment)
    value = get_setting(loaded.settings, key)
    answer(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@command.command()
@click.argument("key")
@click.argument("value")
@pass_invocation
def set(invocation: Invocation, key: str, value: str) -> None:
    """Set KEY to VALUE. Lists are written a,b,c."""
    home = invocation.home
    home.ensure()
    written = set_setting(home.config, key, value)
    say(f"{key} = {_toml(written)} in {home.config}")
    _warn_of_override(invocation, find_key(key))


@command.command()
@click.argument("key")
@pass_invocation
def unset(invocation: Invocation, key: str) -> None:
    """Return KEY to its default."""
    home = invocation.home
    found = unset_setting(home.config, key)
    say(f"{key} is at its default again." if found else f"{key} was at its default already.")
    _warn_of_override(invocation, find_key(key))


@command.command()
@pass_invocation
def path(invocation: Invocation) -> None:
    """Print where config.toml is."""
    answer(str(invocation.home.config))


@command.command()
@pass_invocation
def edit(invocation: Invocation) -> None:
    """Open config.toml in your editor (VISUAL or EDITOR), and check it afterwards."""
    home = invocation.home
    home.ensure()
    if not home.config.exists():
        shutil.copyfile(share_dir() / "default-config.toml", home.config)
        home.config.chmod(0o600)
    try:
        click.edit(filename=str(home.config))
    except click.ClickException as error:  # it names the editor and what went wrong
        hint = f"Set EDITOR to an editor that works, or change {home.config} with another program."
        raise ConfigError(f"The settings could not be edited. {error.message}.", hint=hint) from error
    for warning in load_settings(home.config, invocation.environment).warnings:
        say(warning)


def _warn_of_override(invocation: Invocation, key: Key) -> None:
    if value := invocation.environment.get(key.variable):
        say(f"{key.variable}={value} in the environment is stronger.")


def _toml(value: Json) -> str:
    """Return a value as TOML; but for tables, JSON's way of writing it is valid there."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
