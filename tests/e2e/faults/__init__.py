"""Real hosts under a mixed load that are killed, stopped and starved, and what must be true afterwards.

    python -m tests.e2e.faults KILLS [SEED]

kills a host that often at random instants. `script` says what the agents do, `host` is the process, `ordeal` kills it
and looks at what is left.
"""
