"""A command that does not want to end: it ignores signals, and so does a daemon of its own that it forks twice."""

DEAF = "trap '' TERM HUP INT; echo $$ > {name}; while :; do sleep 0.05; done"


def rude_command() -> str:
    """Return it; the two processes write their numbers to `outer` and `inner`."""
    inner = DEAF.format(name="inner").replace("$$", "$BASHPID")
    return f"cat > daemon <<'END'\n{inner}\nEND\n(setsid bash daemon > /dev/null 2>&1 &); {DEAF.format(name='outer')}"
