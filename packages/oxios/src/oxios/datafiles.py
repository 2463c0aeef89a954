"""Where the data that comes with the product is: `share/` of a checkout, or its copy in the installed package."""

from pathlib import Path

__all__ = ["share_dir"]


def share_dir() -> Path:
    """Return the folder with `default-config.toml`.

    Raises:
        FileNotFoundError: the installation is not whole.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "share", *(above / "share" for above in package.parents)):
        if (folder / "default-config.toml").is_file():
            return folder
    raise FileNotFoundError(f"Expected share/default-config.toml beside {package}: install Oxios again.")
