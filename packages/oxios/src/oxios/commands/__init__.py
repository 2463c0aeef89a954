"""One module for each command, with the click command as `command`. Each parses, calls one thing and renders."""
